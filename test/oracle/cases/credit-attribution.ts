/** `credit_attribution.json`, the cases on a network without convolutions. */
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

export const creditAttribution: CaseTexts = {
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
