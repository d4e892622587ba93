/**
 * random_bits and random_fold: Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as easy as
 * 1, 2, 3"). Four counters of a key go through the rounds in the lanes of a vector; a 4 x 4 transposition puts their
 * words in order. Keys of a batch are taken one after the other.
 */
import type { OpNode, SiteId, ValueId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { apply, at, KernelScope, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { BufferId, Expression, Index, Lanes, LocalId, Statement, VariableId } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { BufferTable } from "./buffers.ts";

const multipliers = [0xd2511f53, 0xcd9e8d57] as const;
const weyl = [0x9e3779b9, 0xbb67ae85] as const;
const rounds = 10;

export class Philox {
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

/** The key whose first word is at `first`. */
export function loadKey(scope: KernelScope, buffer: BufferId, first: Index, out: Statement[]): readonly [LocalId, LocalId] {
  const key = [scope.local("u32"), scope.local("u32")] as const;
  key.forEach((id, i) => out.push(setLocal(id, load(buffer, { ...first, base: first.base + i }))));
  return key;
}

/** The keys of a batch, one after the other. */
class Keys {
  readonly count: number;
  private readonly turn: VariableId | null;

  constructor(private readonly scope: KernelScope, facts: Facts, key: ValueId) {
    this.count = elementCount(facts.types[key].shape) / 2;
    this.turn = this.count === 1 ? null : scope.variable();
  }

  /** An index into what has `stride` elements for each key. */
  at(stride: number, { base, terms }: Index): Index {
    return { base, terms: this.turn === null ? terms : [[this.turn, stride], ...terms] };
  }
  load(buffer: BufferId, out: Statement[]): readonly [LocalId, LocalId] {
    return loadKey(this.scope, buffer, this.at(2, at(0)), out);
  }
  each(body: readonly Statement[]): readonly Statement[] {
    return this.turn === null ? body : [loop(this.turn, 0, this.count, 1, body)];
  }
}

export function lowerRandomBits(facts: Facts, node: OpNode<"random_bits">, name: string, site: SiteId): Unit {
  const [key] = node.args;
  const [result] = node.results;
  const scope = new KernelScope();
  const buffers = new BufferTable(facts, scope);
  const keyBuffer = buffers.gathered(facts.source(key));
  const target = buffers.target(result);
  const count = elementCount(node.attributes.shape);
  const body: Statement[] = [];
  const keys = new Keys(scope, facts, key);
  // One counter is enough for four elements: lanes would be idle, key after key.
  const lanes = keys.count > 1 && count <= 4 ? 1 : facts.lanes;
  const philox = new Philox(scope, lanes, keys.load(keyBuffer, body));
  const zero = literal(0, "u32", lanes);

  /** The elements of `lanes` counters from `counter` on, in order. */
  const elements = (counter: Index, out: Statement[]): Expression[] => {
    const start: Expression = apply("bitsU32", "i32", lanes, { kind: "index", at: counter, lanes });
    const words = philox.words([start, zero, zero, zero], out).map((id) => local(id));
    return lanes === 1 ? words : transposed(scope, words, out);
  };
  /** Stores those of them that exist. */
  const put = (counter: Index, to: Index, exist: number, out: Statement[]): void => {
    elements(counter, out).forEach((part, i) => {
      const rest = exist - i * lanes;
      const place = keys.at(count, { ...to, base: to.base + i * lanes });
      if (rest > 0) out.push(store(target, place, part, lanes, rest < lanes ? rest : undefined));
    });
  };
  const turn = 4 * lanes;
  const whole = count - (count % turn);
  if (whole > 0) {
    const variable = scope.variable();
    const inside: Statement[] = [];
    put(at(0, [variable, 1]), at(0, [variable, 4]), turn, inside);
    body.push(loop(variable, 0, whole / 4, lanes, inside));
  }
  if (whole < count) put(at(whole / 4), at(whole), count - whole, body);
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body: keys.each(body), site });
}

/** Vector i of the result holds element i of each vector. */
function transposed(scope: KernelScope, [a, b, c, d]: readonly Expression[], out: Statement[]): Expression[] {
  const zip = (op: "zipLow" | "zipHigh", x: Expression, y: Expression): Expression => {
    const id = scope.local("u32", 4);
    out.push(setLocal(id, apply(op, "u32", 4, x, y)));
    return local(id);
  };
  return (["zipLow", "zipHigh"] as const).flatMap((op) => {
    const [even, odd] = [zip(op, a, c), zip(op, b, d)];
    return [zip("zipLow", even, odd), zip("zipHigh", even, odd)];
  });
}

export function lowerRandomFold(facts: Facts, node: OpNode<"random_fold">, name: string, site: SiteId): Unit {
  const [key, data] = node.args;
  const [result] = node.results;
  const scope = new KernelScope();
  const buffers = new BufferTable(facts, scope);
  const keyBuffer = buffers.gathered(facts.source(key));
  const dataBuffer = buffers.gathered(facts.source(data));
  const target = buffers.target(result);
  const body: Statement[] = [];
  const keys = new Keys(scope, facts, key);
  const philox = new Philox(scope, 1, keys.load(keyBuffer, body));
  const words = philox.words([load(dataBuffer, keys.at(1, at(0))), literal(0, "u32"), literal(0, "u32"), literal(1, "u32")], body);
  words.slice(0, 2).forEach((word, i) => body.push(store(target, keys.at(2, at(i)), local(word))));
  const { locals, variables } = scope;
  return buffers.unit({ name, buffers: scope.buffers, locals, variables, body: keys.each(body), site });
}
