/** Appends a node of another builder or region, with other args. */
import { InternalError } from "../diagnostics/diagnostic.ts";
import type { AttributesOf, OpName } from "../ops/attributes.ts";
import type { Builder, BuildNode } from "./builder.ts";
import type { ValueId } from "./graph.ts";

/** A call's marker is left out: what it renames is its result. */
export function sameNode(b: Builder, node: BuildNode, args: readonly ValueId[]): readonly ValueId[] {
  switch (node.kind) {
    case "op":
      return b.ops(node.op as OpName, args, node.attributes as AttributesOf<OpName>); // the union forgets that they belong together
    case "leave":
      return args;
    case "scan":
      return b.scan(args, node);
    case "while":
      return b.while(args, node);
    case "openScan": {
      const { loop, length } = node;
      const results = [...loop.carries.map(({ next }) => next), ...loop.emits].map((value, i): ValueId => {
        const type = loop.builder.typeOf(value);
        return b.openResult(i < loop.carries.length ? type : { ...type, shape: [length, ...type.shape] });
      });
      b.open({ ...node, args: [...args], results, copied: true });
      return results;
    }
    case "host":
      throw new InternalError("internal: a host call cannot be copied");
  }
}
