/**
 * The grammar of the language (README.md, Grammar), and nothing else: rules only recognise, `build-*.ts` makes the tree.
 *
 * It accepts a little more than the language, where that makes a better message: reserved words in the place of a new name, `=` and
 * `<-` inside an expression, `x = 1` as a statement, strings. The builder reports them.
 */
import type { CstNode, IParserErrorMessageProvider, ParserMethod } from "chevrotain";
import { ExpressionRules } from "./expression-rules.ts";
import * as t from "./tokens.ts";

/** The message of an exception is the name of the expected token, or nothing: `wording.ts` makes the sentence. */
const bareMessages: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => expected.name,
  buildNotAllInputParsedMessage: () => "",
  buildNoViableAltMessage: () => "",
  buildEarlyExitMessage: () => "",
};

export class PullParser extends ExpressionRules {
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

  readonly block = this.RULE("block", () => {
    this.CONSUME(t.LeftBrace);
    this.MANY(() => this.SUBRULE(this.statement));
    this.CONSUME(t.RightBrace);
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
}

/** Names of the grammar's rules: the builder cannot misspell one. */
export type RuleName = {
  [Key in keyof PullParser]: PullParser[Key] extends ParserMethod<[], CstNode> ? Key : never;
}[keyof PullParser];
