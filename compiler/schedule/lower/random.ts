/**
 * random_bits and random_fold: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). Four counters go through the rounds in the lanes of a vector; a 4 x 4 transposition puts their words in order.
 */
import type { OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { BufferId, Expression, Index, Lanes, LocalId, Statement } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { BufferTable } from "./buffers.ts";

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;
const rounds = 10;

const anywhere = { base: NaN, factors: [] };

class Philox {
  constructor(
    private readonly scope: KernelScope,
    private readonly lanes: Lanes,
    private readonly key: readonly [LocalId, LocalId],
  ) {}

  /** The four words of a counter; statements go to `out`. */
  words(counter: readonly [Expression, Expression, Expression, Expression], out: Statement[]): LocalId[] {
    const { lanes } = this;
    let words = counter.map((word) => this.hold(word, out));
    let key: Expression[] = this.key.map((id) => local(id));
    for (let round = 0; round < rounds; round++) {
      const [c0, c1, c2, c3] = words.map((id) => local(id));
      const keys = key.map((word) => (lanes === 4 ? apply("splat", "u32", 4, word) : word));
      const high = (word: Expression, which: 0 | 1): Expression => this.op("mulHigh", word, literal(multipliers[which], "u32", lanes));
      const low = (word: Expression, which: 0 | 1): Expression => this.op("mul", word, literal(multipliers[which], "u32", lanes));
      words = [
        this.hold(this.op("xor", this.op("xor", high(c2, 1), c1), keys[0]), out),
        this.hold(low(c2, 1), out),
        this.hold(this.op("xor", this.op("xor", high(c0, 0), c3), keys[1]), out),
        this.hold(low(c0, 0), out),
      ];
      if (round + 1 < rounds) {
        key = key.map((word, i) => {
          const id = this.scope.local("u32");
          out.push(setLocal(id, apply("add", "u32", 1, word, literal(weyl[i], "u32"))));
          return local(id);
        });
      }
    }
    return words;
  }

  private op(op: "xor" | "mul" | "mulHigh", a: Expression, b: Expression): Expression {
    return apply(op, "u32", this.lanes, a, b);
  }

  private hold(value: Expression, out: Statement[]): LocalId {
    const id = this.scope.local("u32", this.lanes);
    out.push(setLocal(id, value));
    return id;
  }
}

function loadKey(scope: KernelScope, buffer: BufferId, out: Statement[]): readonly [LocalId, LocalId] {
  const key = [scope.local("u32"), scope.local("u32")] as const;
  key.forEach((id, i) => out.push(setLocal(id, load(buffer, at(i)))));
  return key;
}

export function lowerRandomBits(facts: Facts, node: OpNode<"random_bits">, name: string, site: SiteId): Unit {
  const [key] = node.args;
  const [result] = node.results;
  const scope = new KernelScope();
  const buffers = new BufferTable(facts, scope);
  const keyBuffer = buffers.input(facts.source(key), anywhere, false, 0);
  const target = buffers.target(result);
  const count = elementCount(node.attributes.shape);
  const body: Statement[] = [];
  const loaded = loadKey(scope, keyBuffer, body);
  const zero = (lanes: Lanes): Expression => literal(0, "u32", lanes);

  /** The elements of 4 counters from `counter` on. */
  const four = (counter: Index, out: Statement[]): Expression[] => {
    const start: Expression = apply("bitsU32", "i32", 4, { kind: "index", at: counter, lanes: 4 });
    const words = new Philox(scope, 4, loaded).words([start, zero(4), zero(4), zero(4)], out).map((id) => local(id));
    const zip = (op: "zipLow" | "zipHigh", a: Expression, b: Expression): Expression => {
      const id = scope.local("u32", 4);
      out.push(setLocal(id, apply(op, "u32", 4, a, b)));
      return local(id);
    };
    const rows: Expression[] = [];
    for (const op of ["zipLow", "zipHigh"] as const) {
      const even = zip(op, words[0], words[2]);
      const odd = zip(op, words[1], words[3]);
      rows.push(zip("zipLow", even, odd), zip("zipHigh", even, odd));
    }
    return rows;
  };
  const whole = count - (count % 16);
  if (whole > 0) {
    const variable = scope.variable();
    const inside: Statement[] = [];
    const rows = four(at(0, [variable, 1]), inside);
    rows.forEach((row, i) => inside.push(store(target, at(4 * i, [variable, 4]), row, 4)));
    body.push(loop(variable, 0, whole / 4, 4, inside));
  }
  for (let done = whole; done < count; done += 4) {
    const words = new Philox(scope, 1, loaded).words([literal(done / 4, "u32"), zero(1), zero(1), zero(1)], body);
    words.slice(0, count - done).forEach((word, i) => body.push(store(target, at(done + i), local(word))));
  }
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body, site });
}

export function lowerRandomFold(facts: Facts, node: OpNode<"random_fold">, name: string, site: SiteId): Unit {
  const [key, data] = node.args;
  const [result] = node.results;
  const scope = new KernelScope();
  const buffers = new BufferTable(facts, scope);
  const keyBuffer = buffers.input(facts.source(key), anywhere, false, 0);
  const dataBuffer = buffers.input(facts.source(data), anywhere, false, 0);
  const target = buffers.target(result);
  const body: Statement[] = [];
  const loaded = loadKey(scope, keyBuffer, body);
  const words = new Philox(scope, 1, loaded).words([load(dataBuffer, at(0)), literal(0, "u32"), literal(0, "u32"), literal(1, "u32")], body);
  words.slice(0, 2).forEach((word, i) => body.push(store(target, at(i), local(word))));
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body, site });
}
