/** A transformer block between an embedding and a linear layer, and a step of its training: for `pullback view`. */
export const tinyTransformer = ({ batch, times, width, heads }: { batch: number; times: number; width: number; heads: number }): string => `dim B = ${batch}
dim T = ${times}
model Tiny[V, D](ids: i32[B, T]) -> f32[B, T, V] {
  layer embed = Embedding[V, D]
  layer block = TransformerBlock[D, ${heads}]
  layer read = Linear[D, V]
  return embed(ids) |> block |> read
}
var net = Tiny[16, ${width}]
export train fn step(ids: i32[B, T], next: i32[B, T], lr: f32) -> f32 {
  let loss = mean(cross_entropy(net(ids), next))
  minimize loss over net with adam(lr = lr)
  return loss
}
`;
