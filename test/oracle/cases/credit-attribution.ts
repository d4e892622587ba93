/** `credit_attribution.json`. */
import type { CaseTexts } from "../harness.ts";

const declarations = `
    model Explained(x: f32[...N, 5]) -> f32[...N, 3] {
      layer a = Linear[5, 6]
      layer b = Linear[6, 4]
      layer c = Linear[4, 3]
      return x |> a |> relu |> b |> relu |> c
    }
    var explained = Explained`;

/** The network with the given weights; `pick` stands for the target's place in the output. */
const network = `
    explained.a.weight <- w1
    explained.a.bias <- b1
    explained.b.weight <- w2
    explained.b.bias <- b2
    explained.c.weight <- w3
    explained.c.bias <- b3
    let o = explained(x)
    let pick_ = one_hot(c, 3)`;

const attribution = (text: string): CaseTexts[string] => ({ declarations, text: `${network}\n${text}` });

const relevance = (rules: string): CaseTexts[string] => attribution(`let g_x = pull(o, x, o * pick_, using = ${rules})`);

const integrated = (start: string): CaseTexts[string] =>
  attribution(`let g_x = integrated_gradients(fn(z) => explained(z) * pick_, x, ${start}, points = 64)`);

const deeplift = (start: string): CaseTexts[string] => attribution(`
    let pair = stack(x, ${start})
    let both = explained(pair)
    let o0 = both[1]
    let m = pull(both, pair, stack(pick_, pick_), using = deeplift)
    let g_x = (x - ${start}) * m[0]`);

/** The network with convolutions: its channels are last, those of the data come before space. */
const imageDeclarations = `
    model ExplainedImage(x: f32[...N, 6, 6, 2]) -> f32[...N, 3] {
      layer a = Conv2d[2, 3, K = 3, padding = 1]
      layer b = Conv2d[3, 3, K = 2]
      layer c = Linear[12, 3]
      tap h2 = x |> a |> relu |> avg_pool([2, 2]) |> b |> relu
      let flat = for [...n, c, i, j] => h2[...n, i, j, c]
      return flat |> flatten(axes = 3) |> c
    }
    var image = ExplainedImage`;

const imageNetwork = `
    image.a.weight <- transpose(w1, [2, 3, 1, 0])
    image.a.bias <- b1
    image.b.weight <- transpose(w2, [2, 3, 1, 0])
    image.b.bias <- b2
    image.c.weight <- w3
    image.c.bias <- b3
    let z = transpose(x, [0, 2, 3, 1])
    let (o, t) = taps(image(z))
    let pick_ = one_hot(c, 3)`;

/** `text` makes `g_z`, the credit of z. */
const imageAttribution = (text: string): CaseTexts[string] => ({
  declarations: imageDeclarations,
  text: `${imageNetwork}\n${text}\nlet g_x = transpose(g_z, [0, 3, 1, 2])`,
});
const imageRelevance = (rules: string): CaseTexts[string] => imageAttribution(`let g_z = pull(o, z, o * pick_, using = ${rules})`);
const imageIntegrated = (start: string): CaseTexts[string] =>
  imageAttribution(`let g_z = integrated_gradients(fn(each) => image(each) * pick_, z, ${start}, points = 64)`);
const imageDeeplift = (start: string): CaseTexts[string] => imageAttribution(`
    let pair = stack(z, ${start})
    let both = image(pair)
    let o0 = both[1]
    let m = pull(both, pair, stack(pick_, pick_), using = deeplift)
    let g_z = (z - ${start}) * m[0]`);

export const creditAttribution: CaseTexts = {
  gradient_conv: imageAttribution("let g_z = pull(o, z, pick_)"),
  guided_conv: imageAttribution("let g_z = pull(o, z, pick_, using = guided)"),
  deconvolution_conv: imageAttribution("let g_z = pull(o, z, pick_, using = deconvolution)"),
  input_x_gradient_conv: imageAttribution("let g_z = z * pull(o, z, pick_)"),
  grad_cam_conv: {
    declarations: imageDeclarations,
    text: `${imageNetwork}
    let alpha = mean(pull(o, t.h2, pick_), axis = [1, 2], keep = true)
    let map_ = relu(sum(alpha * t.h2, axis = -1))`,
  },
  integrated_gradients_zero_conv: imageIntegrated("zeros_like(z)"),
  integrated_gradients_given_conv: imageIntegrated("transpose(x0, [0, 2, 3, 1])"),
  deeplift_rescale_zero_conv: imageDeeplift("zeros_like(z)"),
  deeplift_rescale_given_conv: imageDeeplift("transpose(x0, [0, 2, 3, 1])"),
  lrp_epsilon_1_conv: imageRelevance("lrp_epsilon(0.01)"),
  lrp_epsilon_25_conv: imageRelevance("lrp_epsilon(0.25)"),
  lrp_zplus_conv: imageRelevance("lrp_zplus"),
  lrp_gamma_conv: imageRelevance("lrp_gamma(0.25)"),
  gradient_mlp: attribution("let g_x = pull(o, x, pick_)"),
  guided_mlp: attribution("let g_x = pull(o, x, pick_, using = guided)"),
  deconvolution_mlp: attribution("let g_x = pull(o, x, pick_, using = deconvolution)"),
  input_x_gradient_mlp: attribution("let g_x = x * pull(o, x, pick_)"),
  integrated_gradients_zero_mlp: integrated("zeros_like(x)"),
  integrated_gradients_given_mlp: integrated("x0"),
  deeplift_rescale_zero_mlp: deeplift("zeros_like(x)"),
  deeplift_rescale_given_mlp: deeplift("x0"),
  lrp_epsilon_1_mlp: relevance("lrp_epsilon(0.01)"),
  lrp_epsilon_25_mlp: relevance("lrp_epsilon(0.25)"),
  lrp_zplus_mlp: relevance("lrp_zplus"),
  lrp_gamma_mlp: relevance("lrp_gamma(0.25)"),
  smooth_gradient_mlp: attribution("let z = x + noise  let g_x = mean(grad(sum(explained(z) * pick_), z), axis = 0)"),
};
