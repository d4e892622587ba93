/** scatter: x is copied, then the updates go on it one after the other, in row-major order; those outside are dropped. */
import type { Element, OpNode, SiteId } from "../../ir/graph.ts";
import { elementCount } from "../../ir/graph.ts";
import { strides } from "../coordinates.ts";
import { apply, literal, load, local, loop, setLocal, store } from "../expression.ts";
import type { Facts } from "../facts.ts";
import type { Expression, Index, Lanes, Statement } from "../kernel.ts";
import type { Unit } from "../unit.ts";
import { fillBox } from "./box.ts";
import { BufferTable } from "./buffers.ts";
import { reductionOf } from "./reduce.ts";
import { Registers } from "./registers.ts";

/** The sizes of a scatter: `batches` of `each` updates of `run` elements, to places told by `components` indices. */
export function scatterSizes(facts: Facts, node: OpNode<"scatter">) {
  const [x, indices, updates] = node.args;
  const [result] = node.results;
  const { element, shape } = facts.types[result];
  const { batch } = node.attributes;
  const indexShape = facts.types[indices].shape;
  const components = indexShape[indexShape.length - 1];
  return {
    x, indices, updates, result, element, shape, batch, components,
    batches: elementCount(shape.slice(0, batch)), each: elementCount(indexShape.slice(batch, -1)), run: elementCount(shape.slice(batch + components)), step: strides(shape),
  };
}

/** What an element is once an update went on it. */
export function combinedUpdate({ attributes: { mode } }: OpNode<"scatter">, element: Element, old: Expression, update: Expression, lanes: Lanes = 1): Expression {
  if (mode === "set") return update;
  return apply(reductionOf(mode === "add" ? "reduce_sum" : "reduce_max", element).op, element, lanes, old, update);
}

export function lowerScatter(facts: Facts, node: OpNode<"scatter">, name: string, site: SiteId): Unit {
  const { x, indices, updates, result, element, shape, batch, components, batches, each, run, step } = scatterSizes(facts, node);
  const r = new Registers();
  const { scope } = r;
  const buffers = new BufferTable(facts, scope);
  const target = buffers.target(result);
  fillBox(facts, r, buffers, x, { buffer: target, base: 0, steps: step });

  const indexBuffer = buffers.gathered(facts.source(indices));
  const updateBuffer = buffers.gathered(facts.source(updates));
  const [group, update] = [scope.variable(), scope.variable()];
  const offset = scope.local("i32");
  const inside = scope.local("bool");
  const found: Statement[] = [];
  for (let j = 0; j < components; j++) {
    const component = scope.local("i32");
    const limit = shape[batch + j];
    // As u32 a negative index is beyond any limit.
    const fits = apply("lt", "u32", 1, apply("bitsU32", "i32", 1, local(component)), literal(limit, "u32"));
    const part = apply("mul", "i32", 1, local(component), literal(step[batch + j], "i32"));
    found.push(
      setLocal(component, load(indexBuffer, { base: j, terms: [[group, each * components], [update, components]] })),
      setLocal(inside, j === 0 ? fits : apply("and", "bool", 1, local(inside), fits)),
      setLocal(offset, j === 0 ? part : apply("add", "i32", 1, local(offset), part)),
    );
  }
  const size = batches === 0 ? 0 : elementCount(shape) / batches;
  const put = (at: number, terms: Index["terms"], lanes: Lanes, count?: number): Statement => {
    const to: Index = { base: at, terms: [[group, size], ...terms], offset };
    const value = load(updateBuffer, { base: at, terms: [[group, each * run], [update, run], ...terms] }, lanes, count);
    return store(target, to, combinedUpdate(node, element, load(target, to, lanes, count), value, lanes), lanes, count);
  };
  const lanes: Lanes = facts.lanes === 1 || element === "f64" || run < 4 ? 1 : 4;
  const whole = run - (run % lanes);
  const inner = scope.variable();
  const writes: Statement[] = run === 1 ? [put(0, [], 1)] : [loop(inner, 0, whole, lanes, [put(0, [[inner, 1]], lanes)])];
  if (whole < run) writes.push(put(whole, [], lanes, run - whole));
  r.push(loop(group, 0, batches, 1, [
    loop(update, 0, each, 1, [...found, { kind: "if", test: local(inside), then: writes, else: [] }]),
  ]));
  return buffers.unit({ name, buffers: scope.buffers, locals: scope.locals, variables: scope.variables, body: r.close(), site });
}
