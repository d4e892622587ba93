/** The grammar of expressions, types and patterns. */
import { CstParser, type CstNode, type ParserMethod } from "chevrotain";
import * as t from "./tokens.ts";

/** Rules of an abstract parser: `PullParser` adds statements and declarations. */
export abstract class ExpressionRules extends CstParser {
  /** Bodies of functions and loops in an expression. */
  abstract readonly block: ParserMethod<[], CstNode>;

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

  // ---- names and parameters

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

  readonly each = this.RULE("each", () => {
    this.SUBRULE(this.pattern);
    this.CONSUME(t.words.in);
    this.SUBRULE(this.expression);
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
