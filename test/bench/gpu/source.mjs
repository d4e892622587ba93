/** The perceptrons of the benchmark as programs. */
export function mlpSource({ sizes, batch, lr, kind, optimizer }) {
  const activation = kind === "classes" ? "relu" : "tanh";
  const outputs = sizes.at(-1);
  const names = sizes.slice(1).map((_, l) => `l${l}`);
  return `
    model Mlp(x: f32[${batch}, ${sizes[0]}]) -> f32[${batch}, ${outputs}] {
${names.map((name, l) => `      layer ${name} = Linear[${sizes[l]}, ${sizes[l + 1]}]\n`).join("")}      return x |> ${names.join(` |> ${activation} |> `)}
    }
    var net = Mlp
    export train fn step(x: f32[${batch}, ${sizes[0]}], y: ${kind === "classes" ? `i32[${batch}]` : `f32[${batch}, ${outputs}]`}) -> f32 {
      let l = ${kind === "classes" ? "mean(cross_entropy(net(x), y))" : "mean((net(x) - y) ^ 2)"}
      minimize l over net with ${optimizer}(lr = ${lr})
      return l
    }`;
}
