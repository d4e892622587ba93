/** Programs with one length `N`, by what they are about. */
export const programs = {
  predict: `
    var net = Linear[4, 3]
    export fn f[N](x: f32[N, 4]) -> f32[N, 3] = softmax(net(x))`,
  train: `
    model Mlp[In, H, Out](x: f32[...B, In]) -> f32[...B, Out] {
      layer hidden = Linear[In, H]
      layer output = Linear[H, Out]
      return x |> hidden |> relu |> output
    }
    var net = Mlp[4, 6, 3]
    export train fn f[N](x: f32[N, 4], y: i32[N], lr: f32) -> { loss: f32, accuracy: f32 } {
      let logits = net(x)
      let loss = mean(cross_entropy(logits, y))
      minimize loss over net with adam(lr = lr)
      return { loss, accuracy: mean(f32(argmax(logits, axis = -1) == y)) }
    }`,
  reductions: `
    export fn f[N](x: f32[N, 3]) -> (f32, f32, f32[3], f32[3], f32[3], i32[3], i32[3], f32) =
      (sum(x), mean(x), max(x, axis = 0), min(x, axis = 0), prod(x, axis = 0), argmax(x, axis = 0), argmin(x, axis = 0), f32(N) * mean(x ^ 2))`,
  normalized: `
    var norm = BatchNorm[3]
    export train fn f[N](x: f32[N, 3]) -> f32[N, 3] {
      let y = norm(x)
      minimize sum(y ^ 3) over norm with sgd(lr = 0.1)
      return y
    }`,
  noise: `
    var net = Linear[4, 4]
    export train fn f[N](x: f32[N, 4]) -> f32[N, 4] {
      let y = dropout(net(x), 0.5) + 0.1 * normal([N, 4])
      minimize mean(y ^ 2) over net with sgd(lr = 0.1)
      return y
    }`,
  tokens: `
    var table = Embedding[3, 4]
    export train fn f[N](ids: i32[N, 5]) -> f32[N, 5] {
      let h = table(ids)
      minimize mean((h ^ 2)[:, 1:]) over table with sgd(lr = 0.1)
      return sum(h, axis = -1)
    }`,
  perExample: `
    var net = Linear[4, 3]
    export fn f[N](x: f32[N, 4], y: i32[N]) -> (f32[N], f32[4, 3]) {
      let g = map (a, t) in (x, y) => grad(cross_entropy(net(a), t), net)
      return (sum(g.weight ^ 2, axis = (1, 2)), mean(g.weight, axis = 0))
    }`,
  walk: `
    var w: f32[3, 3] = normal(0, 0.5)
    export train fn f[N](xs: f32[N, 3]) -> (f32[3], f32[N, 3]) {
      let (last, all) = scan h = zeros([3]) for x in xs { h <- tanh(h @ w + x)  emit h }
      minimize sum(last ^ 2) + mean(all) over w with sgd(lr = 0.1)
      return (last, all)
    }`,
  sums: `
    export fn f[N](x: f32[N, 3]) -> (f32[N, 3], f32[3]) {
      let c = cumsum(x, axis = 0)
      return (c, pull(c, x, x)[0])
    }`,
  sorted: `
    export fn f[N](x: f32[N]) -> (f32[N], f32) {
      let s = sort(x)
      return (s, s[0] + x[N - 1])
    }`,
  ends: `
    export fn f[N](x: f32[N, 3], y: f32[N]) -> (f32[3], f32[N, 3], f32[N + 2], f32[N]) {
      let last = x[-1]
      let back = reverse(x)
      return (last, back, concat(y, [1.0, 2.0], axis = 0), grad(sum(concat(y, [1.0], y, axis = 0) ^ 3), y))
    }`,
  similarity: `
    export fn f[N](x: f32[N, 3], y: f32[N, 3]) -> f32[N, 3] {
      let s = for [i, j] => sum[k](x[i, k] * y[j, k])
      return softmax(s) @ y
    }`,
  flat: `
    var w: f32[6, 2] = normal(0, 1)
    export fn f[N](x: f32[N, 2, 3]) -> (f32[N, 2], f32[6, 2]) {
      let y = reshape(x, [N, 6]) @ w
      return (y, grad(sum(tanh(y)) / N, w))
    }`,
  until: `
    export fn f[N](x: f32[N, 3]) -> (f32[N, 3], i32) =
      scan h = x, i = 0 for k in 0..20 until sum(h ^ 2) < 0.1 { h <- h * 0.8  i <- i + 1 }`,
} as const;
