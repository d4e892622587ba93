/**
 * The grammar of the language (reference, section 9), and nothing else: rules only recognise, `build-*.ts` makes the tree.
 *
 * It accepts a little more than the language, where that makes a better message: reserved words in the place of a new name, `=` and
 * `<-` inside an expression, `x = 1` as a statement, strings. The builder reports them.
 */
import { CstParser, type CstNode, type IParserErrorMessageProvider, type ParserMethod } from "chevrotain";
import * as t from "./tokens.ts";

/** The message of an exception is the name of the expected token, or nothing: `wording.ts` makes the sentence. */
const bareMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => expected.name,
  buildNotAllInputParsedMessage: () => "",
  buildNoViableAltMessage: () => "",
  buildEarlyExitMessage: () => "",
};

export class PullParser extends CstParser {
  /** `validate` looks for ambiguities in the grammar itself: for the tests, since it costs more than a parse. */
  constructor(validate = false) {
    super([...t.tokenTypes], {
      maxLookahead: 2,
      nodeLocationTracking: "onlyOffset",
      skipValidations: !validate,
      errorMessageProvider: bareMessages,
      // Recovery works on the tokens of a broken declaration instead (`repair.ts`): it knows statements, brackets and line starts.
      recoveryEnabled: false,
    });
    this.performSelfAnalysis();
  }

  // ---- declarations

  readonly declaration = this.RULE("declaration", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.useDeclaration) },
      { ALT: () => this.SUBRULE(this.dimDeclaration) },
      { ALT: () => this.SUBRULE(this.constDeclaration) },
      { ALT: () => this.SUBRULE(this.varDeclaration) },
      { ALT: () => this.SUBRULE(this.typeDeclaration) },
      { ALT: () => this.SUBRULE(this.fnDeclaration) },
      { ALT: () => this.SUBRULE(this.externDeclaration) },
      { ALT: () => this.SUBRULE(this.modelDeclaration) },
      { ALT: () => this.SUBRULE(this.optimizerDeclaration) },
      { ALT: () => this.SUBRULE(this.rulesDeclaration) },
    ]);
  });

  readonly useDeclaration = this.RULE("useDeclaration", () => {
    this.CONSUME(t.words.use);
    this.CONSUME(t.StringToken);
  });

  readonly dimDeclaration = this.RULE("dimDeclaration", () => {
    this.CONSUME(t.words.dim);
    this.SUBRULE(this.newName);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  readonly constDeclaration = this.RULE("constDeclaration", () => {
    this.CONSUME(t.words.const);
    this.SUBRULE(this.binding);
  });

  readonly varDeclaration = this.RULE("varDeclaration", () => {
    this.OPTION(() => this.CONSUME(t.words.frozen));
    this.CONSUME(t.words.var);
    this.SUBRULE(this.member);
  });

  readonly typeDeclaration = this.RULE("typeDeclaration", () => {
    this.CONSUME(t.words.type);
    this.SUBRULE(this.newName);
    this.OPTION(() => this.SUBRULE(this.generics));
    this.CONSUME(t.Equals);
    this.SUBRULE(this.typeExpression);
    this.OPTION1(() => {
      this.CONSUME(t.words.tangent);
      this.SUBRULE1(this.typeExpression);
      this.CONSUME(t.words.retract);
      this.CONSUME(t.Name);
    });
  });

  readonly fnDeclaration = this.RULE("fnDeclaration", () => {
    this.OPTION(() => this.CONSUME(t.words.export));
    this.OPTION1(() => this.CONSUME(t.words.train));
    this.CONSUME(t.words.fn);
    this.SUBRULE(this.signature);
    this.SUBRULE(this.body);
    this.MANY(() => this.SUBRULE(this.rule));
  });

  readonly externDeclaration = this.RULE("externDeclaration", () => {
    this.CONSUME(t.words.extern);
    this.CONSUME(t.words.fn);
    this.SUBRULE(this.signature);
  });

  readonly modelDeclaration = this.RULE("modelDeclaration", () => {
    this.CONSUME(t.words.model);
    this.SUBRULE(this.signature);
    this.SUBRULE(this.block);
    this.MANY(() => this.SUBRULE(this.rule));
  });

  readonly optimizerDeclaration = this.RULE("optimizerDeclaration", () => {
    this.CONSUME(t.words.optimizer);
    this.SUBRULE(this.newName);
    this.SUBRULE(this.parameters);
    this.SUBRULE(this.block);
  });

  readonly rulesDeclaration = this.RULE("rulesDeclaration", () => {
    this.CONSUME(t.words.rules);
    this.SUBRULE(this.newName);
    this.OPTION(() => this.SUBRULE(this.parameters));
    this.CONSUME(t.LeftBrace);
    this.MANY(() => this.SUBRULE(this.ruleSetItem));
    this.OPTION1(() => {
      this.CONSUME(t.words.else);
      this.CONSUME(t.Name);
    });
    this.CONSUME(t.RightBrace);
  });

  readonly ruleSetItem = this.RULE("ruleSetItem", () => {
    this.CONSUME(t.Name);
    this.SUBRULE(this.parameters);
    this.OPTION(() => {
      this.CONSUME(t.words.in);
      this.SUBRULE(this.path);
    });
    this.AT_LEAST_ONE(() => this.SUBRULE(this.rule));
  });

  readonly rule = this.RULE("rule", () => {
    this.OPTION(() => this.CONSUME(t.words.surrogate));
    this.OR([{ ALT: () => this.CONSUME(t.words.backward) }, { ALT: () => this.CONSUME(t.words.tangent) }]);
    this.SUBRULE(this.parameters);
    this.SUBRULE(this.body);
  });

  readonly signature = this.RULE("signature", () => {
    this.SUBRULE(this.newName);
    this.OPTION(() => this.SUBRULE(this.generics));
    this.SUBRULE(this.parameters);
    this.OPTION1(() => {
      this.CONSUME(t.Arrow);
      this.SUBRULE(this.typeExpression);
    });
  });

  readonly generics = this.RULE("generics", () => {
    this.CONSUME(t.LeftBracket);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.generic) });
    this.CONSUME(t.RightBracket);
  });

  readonly generic = this.RULE("generic", () => {
    this.OPTION(() => this.CONSUME(t.Ellipsis));
    this.SUBRULE(this.newName);
    this.OPTION1(() =>
      this.OR([
        {
          ALT: () => {
            this.CONSUME(t.words.in);
            this.CONSUME(t.LeftBrace);
            this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression) });
            this.CONSUME(t.RightBrace);
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.LessEqual);
            this.SUBRULE(this.bound);
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Colon);
            this.SUBRULE(this.typeExpression);
            this.OPTION2(() => this.SUBRULE(this.defaultValue));
          },
        },
      ]),
    );
  });

  readonly bound = this.RULE("bound", () => {
    this.SUBRULE(this.expression);
  });

  readonly defaultValue = this.RULE("defaultValue", () => {
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  readonly parameters = this.RULE("parameters", () => {
    this.CONSUME(t.LeftParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.parameter) });
    this.CONSUME(t.RightParen);
  });

  readonly parameter = this.RULE("parameter", () => {
    this.SUBRULE(this.newName);
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.typeExpression);
    });
    this.OPTION1(() => this.SUBRULE(this.defaultValue));
  });

  /** The place of a new name. */
  readonly newName = this.RULE("newName", () => {
    this.CONSUME(t.Word);
  });

  // ---- types

  readonly typeExpression = this.RULE("typeExpression", () => {
    this.OR([
      {
        ALT: () => {
          this.OR1([{ ALT: () => this.CONSUME(t.Name) }, { ALT: () => this.CONSUME(t.words.model) }]);
          this.OPTION(() => this.SUBRULE(this.bracket));
        },
      },
      { ALT: () => this.SUBRULE(this.tupleType) },
      { ALT: () => this.SUBRULE(this.recordType) },
      { ALT: () => this.SUBRULE(this.functionType) },
    ]);
  });

  readonly tupleType = this.RULE("tupleType", () => {
    this.CONSUME(t.LeftParen);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.typeExpression) });
    this.CONSUME(t.RightParen);
  });

  readonly recordType = this.RULE("recordType", () => {
    this.CONSUME(t.LeftBrace);
    this.AT_LEAST_ONE_SEP({
      SEP: t.Comma,
      DEF: () => {
        this.CONSUME(t.Word);
        this.CONSUME(t.Colon);
        this.SUBRULE(this.typeExpression);
      },
    });
    this.CONSUME(t.RightBrace);
  });

  readonly functionType = this.RULE("functionType", () => {
    this.CONSUME(t.words.fn);
    this.CONSUME(t.LeftParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.typeExpression) });
    this.CONSUME(t.RightParen);
    this.CONSUME(t.Arrow);
    this.SUBRULE(this.result);
  });

  readonly result = this.RULE("result", () => {
    this.SUBRULE(this.typeExpression);
  });

  // ---- bodies and statements

  readonly body = this.RULE("body", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Equals);
          this.SUBRULE(this.expression);
        },
      },
      { ALT: () => this.SUBRULE(this.block) },
    ]);
  });

  readonly inline = this.RULE("inline", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.FatArrow);
          this.SUBRULE(this.expression);
        },
      },
      { ALT: () => this.SUBRULE(this.block) },
    ]);
  });

  readonly block = this.RULE("block", () => {
    this.CONSUME(t.LeftBrace);
    this.MANY(() => this.SUBRULE(this.statement));
    this.CONSUME(t.RightBrace);
  });

  readonly pattern = this.RULE("pattern", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.newName) },
      {
        ALT: () => {
          this.CONSUME(t.LeftParen);
          this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.pattern) });
          this.CONSUME(t.RightParen);
        },
      },
    ]);
  });

  readonly binding = this.RULE("binding", () => {
    this.SUBRULE(this.pattern);
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.typeExpression);
    });
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  readonly member = this.RULE("member", () => {
    this.SUBRULE(this.newName);
    this.OPTION(() => this.SUBRULE(this.bracket));
    this.OPTION1(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.typeExpression);
    });
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  readonly statement = this.RULE("statement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.letStatement) },
      { ALT: () => this.SUBRULE(this.memberStatement) },
      { ALT: () => this.SUBRULE(this.returnStatement) },
      { ALT: () => this.SUBRULE(this.assignStatement) },
      { ALT: () => this.SUBRULE(this.minimizeStatement) },
      { ALT: () => this.SUBRULE(this.applyStatement) },
      { ALT: () => this.SUBRULE(this.ifStatement) },
      { ALT: () => this.SUBRULE(this.staticStatement) },
    ]);
  });

  readonly letStatement = this.RULE("letStatement", () => {
    this.OR([{ ALT: () => this.CONSUME(t.words.let) }, { ALT: () => this.CONSUME(t.words.const) }]);
    this.SUBRULE(this.binding);
  });

  readonly memberStatement = this.RULE("memberStatement", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.words.param) },
      { ALT: () => this.CONSUME(t.words.state) },
      { ALT: () => this.CONSUME(t.words.layer) },
      { ALT: () => this.CONSUME(t.words.tap) },
    ]);
    this.SUBRULE(this.member);
  });

  readonly returnStatement = this.RULE("returnStatement", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.words.return) },
      { ALT: () => this.CONSUME(t.words.emit) },
      { ALT: () => this.CONSUME(t.words.prove) },
    ]);
    this.SUBRULE(this.expression);
  });

  /** `=` and `+=` are accepted here only to be explained. */
  readonly assignStatement = this.RULE("assignStatement", () => {
    this.SUBRULE(this.path);
    this.OR([
      { ALT: () => this.CONSUME(t.LeftArrow) },
      { ALT: () => this.CONSUME(t.Equals) },
      { ALT: () => this.CONSUME(t.CompoundAssign) },
    ]);
    this.SUBRULE(this.expression);
  });

  readonly minimizeStatement = this.RULE("minimizeStatement", () => {
    this.CONSUME(t.words.minimize);
    this.SUBRULE(this.expression);
    this.CONSUME(t.words.over);
    this.SUBRULE1(this.expression);
    this.CONSUME(t.words.with);
    this.SUBRULE2(this.expression);
  });

  readonly applyStatement = this.RULE("applyStatement", () => {
    this.CONSUME(t.words.apply);
    this.SUBRULE(this.expression);
    this.CONSUME(t.words.to);
    this.SUBRULE1(this.expression);
    this.CONSUME(t.words.with);
    this.SUBRULE2(this.expression);
  });

  readonly ifStatement = this.RULE("ifStatement", () => {
    this.CONSUME(t.words.if);
    this.SUBRULE(this.expression);
    this.SUBRULE(this.block);
    this.OPTION(() => {
      this.CONSUME(t.words.else);
      this.OR([{ ALT: () => this.SUBRULE1(this.ifStatement) }, { ALT: () => this.SUBRULE1(this.block) }]);
    });
  });

  readonly staticStatement = this.RULE("staticStatement", () => {
    this.CONSUME(t.words.static);
    this.OR([
      { ALT: () => this.SUBRULE(this.ifStatement) },
      {
        ALT: () => {
          this.CONSUME(t.words.for);
          this.SUBRULE(this.each);
          this.SUBRULE(this.block);
        },
      },
    ]);
  });

  readonly each = this.RULE("each", () => {
    this.SUBRULE(this.pattern);
    this.CONSUME(t.words.in);
    this.SUBRULE(this.expression);
  });

  readonly path = this.RULE("path", () => {
    this.CONSUME(t.Name);
    this.MANY(() => this.SUBRULE(this.pathStep));
  });

  readonly pathStep = this.RULE("pathStep", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Dot);
          this.CONSUME(t.Word);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LeftBracket);
          this.SUBRULE(this.expression);
          this.CONSUME(t.RightBracket);
        },
      },
    ]);
  });

  readonly carries = this.RULE("carries", () => {
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.carry) });
  });

  readonly carry = this.RULE("carry", () => {
    this.CONSUME(t.Name);
    this.CONSUME(t.Equals);
    this.SUBRULE(this.expression);
  });

  // ---- expressions

  readonly expression = this.RULE("expression", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.conditional) },
      { ALT: () => this.SUBRULE(this.comprehension) },
      { ALT: () => this.SUBRULE(this.lambda) },
      { ALT: () => this.SUBRULE(this.mapExpression) },
      { ALT: () => this.SUBRULE(this.scanExpression) },
      { ALT: () => this.SUBRULE(this.fixpointExpression) },
      { ALT: () => this.SUBRULE(this.odesolveExpression) },
      { ALT: () => this.SUBRULE(this.infix) },
    ]);
  });

  readonly conditional = this.RULE("conditional", () => {
    this.CONSUME(t.words.if);
    this.SUBRULE(this.expression);
    this.CONSUME(t.words.then);
    this.SUBRULE1(this.expression);
    this.CONSUME(t.words.else);
    this.SUBRULE2(this.expression);
  });

  readonly comprehension = this.RULE("comprehension", () => {
    this.CONSUME(t.words.for);
    this.SUBRULE(this.bracket);
    this.CONSUME(t.FatArrow);
    this.SUBRULE(this.expression);
  });

  readonly lambda = this.RULE("lambda", () => {
    this.CONSUME(t.words.fn);
    this.SUBRULE(this.parameters);
    this.SUBRULE(this.inline);
  });

  readonly mapExpression = this.RULE("mapExpression", () => {
    this.CONSUME(t.words.map);
    this.SUBRULE(this.each);
    this.SUBRULE(this.inline);
  });

  readonly scanExpression = this.RULE("scanExpression", () => {
    this.CONSUME(t.words.scan);
    this.OPTION(() => this.SUBRULE(this.args));
    this.OPTION1(() => this.SUBRULE(this.carries));
    this.CONSUME(t.words.for);
    this.SUBRULE(this.each);
    this.OPTION2(() => {
      this.CONSUME(t.words.until);
      this.SUBRULE(this.expression);
    });
    this.SUBRULE(this.block);
  });

  readonly fixpointExpression = this.RULE("fixpointExpression", () => {
    this.CONSUME(t.words.fixpoint);
    this.OPTION(() => this.SUBRULE(this.args));
    this.SUBRULE(this.carries);
    this.SUBRULE(this.inline);
  });

  readonly odesolveExpression = this.RULE("odesolveExpression", () => {
    this.CONSUME(t.words.odesolve);
    this.OPTION(() => this.SUBRULE(this.args));
    this.SUBRULE(this.carries);
    this.CONSUME(t.words.for);
    this.SUBRULE(this.each);
    this.SUBRULE(this.inline);
  });

  /** A flat run of operands; `build-infix.ts` applies the table of precedence. */
  readonly infix = this.RULE("infix", () => {
    this.SUBRULE(this.operand);
    this.MANY(() => {
      this.CONSUME(t.Infix);
      this.SUBRULE1(this.operand);
    });
  });

  readonly operand = this.RULE("operand", () => {
    this.MANY(() => this.CONSUME(t.Prefix));
    this.SUBRULE(this.primary);
    this.MANY1(() => this.SUBRULE(this.suffix));
  });

  readonly suffix = this.RULE("suffix", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Dot);
          this.CONSUME(t.Word);
        },
      },
      { ALT: () => this.SUBRULE(this.bracket) },
      { ALT: () => this.SUBRULE(this.args) },
    ]);
  });

  readonly args = this.RULE("args", () => {
    this.CONSUME(t.LeftParen);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.argument) });
    this.CONSUME(t.RightParen);
  });

  readonly argument = this.RULE("argument", () => {
    this.OPTION(() => {
      this.CONSUME(t.Word);
      this.CONSUME(t.Equals);
    });
    this.SUBRULE(this.expression);
  });

  readonly bracket = this.RULE("bracket", () => {
    this.CONSUME(t.LeftBracket);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.bracketItem) });
    this.CONSUME(t.RightBracket);
  });

  readonly bracketItem = this.RULE("bracketItem", () => {
    this.OR({
      DEF: [
        {
          ALT: () => {
            this.CONSUME(t.Ellipsis);
            this.OPTION(() => this.CONSUME(t.Name));
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Colon);
            this.OPTION1(() => this.SUBRULE(this.stop));
            this.OPTION2(() => this.SUBRULE(this.step));
          },
        },
        {
          ALT: () => {
            this.CONSUME(t.Word);
            this.OR1([{ ALT: () => this.CONSUME(t.Equals) }, { ALT: () => this.CONSUME(t.words.in) }]);
            this.SUBRULE(this.expression);
          },
        },
        {
          ALT: () => {
            this.SUBRULE(this.start);
            this.OPTION3(() => {
              this.CONSUME1(t.Colon);
              this.OPTION4(() => this.SUBRULE1(this.stop));
              this.OPTION5(() => this.SUBRULE1(this.step));
            });
          },
        },
      ],
      // `K = 3` is a named item first; only the reported `=` inside an expression makes the last alternative fit too.
      IGNORE_AMBIGUITIES: true,
    });
  });

  readonly start = this.RULE("start", () => {
    this.SUBRULE(this.expression);
  });

  readonly stop = this.RULE("stop", () => {
    this.SUBRULE(this.expression);
  });

  readonly step = this.RULE("step", () => {
    this.CONSUME(t.Colon);
    this.OPTION(() => this.SUBRULE(this.expression));
  });

  readonly primary = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.NumberToken) },
      { ALT: () => this.CONSUME(t.Name) },
      { ALT: () => this.SUBRULE(this.parenthesized) },
      { ALT: () => this.SUBRULE(this.list) },
      { ALT: () => this.SUBRULE(this.record) },
      { ALT: () => this.CONSUME(t.StringToken) },
      { ALT: () => this.CONSUME(t.Missing) },
    ]);
  });

  readonly parenthesized = this.RULE("parenthesized", () => {
    this.CONSUME(t.LeftParen);
    this.AT_LEAST_ONE_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.expression) });
    this.CONSUME(t.RightParen);
  });

  readonly list = this.RULE("list", () => {
    this.CONSUME(t.LeftBracket);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.listItem) });
    this.CONSUME(t.RightBracket);
  });

  readonly listItem = this.RULE("listItem", () => {
    this.OPTION(() => this.CONSUME(t.Ellipsis));
    this.SUBRULE(this.expression);
  });

  readonly record = this.RULE("record", () => {
    this.CONSUME(t.LeftBrace);
    this.MANY_SEP({ SEP: t.Comma, DEF: () => this.SUBRULE(this.recordField) });
    this.CONSUME(t.RightBrace);
  });

  readonly recordField = this.RULE("recordField", () => {
    this.CONSUME(t.Word);
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      this.SUBRULE(this.expression);
    });
  });
}

/** Names of the grammar's rules: the builder cannot misspell one. */
export type RuleName = {
  [Key in keyof PullParser]: PullParser[Key] extends ParserMethod<[], CstNode> ? Key : never;
}[keyof PullParser];
