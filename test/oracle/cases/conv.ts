/** `ops_conv.json`. The data has channels before space, [n, c, space...] and [out, in, window...]; the library has them last. */
import type { CaseText, CaseTexts } from "../harness.ts";

/** Channels to the back, and to where the data has them; filters [out, in, window...] to [window..., in, out]. */
const toBack = (name: string, rank: number): string => `transpose(${name}, [0, ${axes(rank, 2)}, 1])`;
const toFront = (name: string, rank: number): string => `transpose(${name}, [0, ${rank + 1}, ${axes(rank, 1)}])`;
const axes = (count: number, from: number): string => Array.from({ length: count }, (_, i) => from + i).join(", ");
/** The transpose's filters are [in, out, window...], which needs no exchange. */
const filters = (name: string, rank: number, [first, second]: readonly [number, number] = [1, 0]): string => `transpose(${name}, [${axes(rank, 2)}, ${first}, ${second}])`;

const conv = (rank: number, options: string, bias = " + b"): CaseText => `
  let z = conv${rank}d(${toBack("x", rank)}, ${filters("w", rank)}${options})${bias}
  let y = ${toFront("z", rank)}`;

const transposed = (rank: number, options: string): CaseText => `
  let z = conv_transpose(${toBack("x", rank)}, ${filters("w", rank, [0, 1])}${options}) + b
  let y = ${toFront("z", rank)}`;

const space = (rank: number, call: (x: string) => string): CaseText => `
  let z = ${call(toBack("x", rank))}
  let y = ${toFront("z", rank)}`;

const plane = (call: (x: string) => string): CaseText => space(2, call);

export const convolution: CaseTexts = {
  conv1d_plain: conv(1, ""),
  conv1d_stride_pad: conv(1, ", stride = 2, padding = 1"),
  conv1d_dilated: conv(1, ", padding = 2, dilation = 2"),
  conv1d_groups: conv(1, ", padding = 1, groups = 2"),
  conv2d_plain: conv(2, ""),
  conv2d_same: conv(2, ", padding = same"),
  conv2d_stride: conv(2, ", stride = 2, padding = 1"),
  conv2d_dilated: conv(2, ", padding = 2, dilation = 2"),
  conv2d_groups: conv(2, ", padding = 1, groups = 2"),
  conv2d_depthwise: conv(2, ", padding = 1, groups = 3"),
  conv2d_pointwise: conv(2, ""),
  conv2d_mixed: conv(2, ", stride = 2, padding = 1, dilation = 2, groups = 2"),
  conv3d_plain: conv(3, ""),
  conv3d_stride_pad: conv(3, ", stride = 2, padding = 1"),
  conv2d_uneven: conv(2, ", stride = [2, 1], padding = [0, 1], dilation = [1, 2]", ""),
  conv_transpose1d_plain: transposed(1, ""),
  conv_transpose1d_stride: transposed(1, ", stride = 2, padding = 1, output_padding = 1"),
  conv_transpose2d_plain: transposed(2, ""),
  conv_transpose2d_stride: transposed(2, ", stride = 2, padding = 1, output_padding = 1"),
  conv_transpose2d_groups: `
    let v = transpose(reshape(w, [2, size(w, 0) / 2, size(w, 1), size(w, 2), size(w, 3)]), [3, 4, 1, 0, 2])
    let f = reshape(v, [size(w, 2), size(w, 3), size(w, 0) / 2, 2 * size(w, 1)])
    let z = conv_transpose(transpose(x, [0, 2, 3, 1]), f, stride = 2, groups = 2) + b
    let y = transpose(z, [0, 3, 1, 2])`,
  conv_transpose2d_dilated: transposed(2, ", padding = 1, dilation = 2"),
  max_pool2d_2: plane((x) => `max_pool(${x}, [2, 2])`),
  max_pool2d_3_stride2_pad1: plane((x) => `max_pool(${x}, [3, 3], stride = 2, padding = 1)`),
  max_pool2d_overlap: plane((x) => `max_pool(${x}, [3, 3], stride = 1)`),
  max_pool2d_dilated: plane((x) => `max_pool(${x}, [2, 2], stride = 1, dilation = 2)`),
  max_pool2d_ceil: plane((x) => `max_pool(${x}, [2, 2], padding = same)`),
  max_pool1d: space(1, (x) => `max_pool(${x}, [3], stride = 2, padding = 1)`),
  avg_pool2d_2: plane((x) => `avg_pool(${x}, [2, 2])`),
  avg_pool2d_pad_counted: plane((x) => `avg_pool(${x}, [3, 3], stride = 2, padding = 1)`),
  avg_pool2d_pad_not_counted: plane((x) => `avg_pool(${x}, [3, 3], stride = 2, padding = 1, count_padding = false)`),
  avg_pool2d_overlap: plane((x) => `avg_pool(${x}, [3, 3], stride = 1)`),
  adaptive_avg_pool2d: plane((x) => `adaptive_avg_pool(${x}, [3, 2])`),
  adaptive_max_pool2d: plane((x) => `adaptive_max_pool(${x}, [3, 2])`),
  global_avg_pool: `let y = global_avg_pool(${toBack("x", 2)})`,
  lp_pool2d: plane((x) => `lp_pool(${x}, [2, 2])`),
  interpolate_nearest_x2: plane((x) => `resize_nearest(${x}, [8, 6])`),
  interpolate_nearest_odd: plane((x) => `resize_nearest(${x}, [7, 5])`),
  interpolate_nearest_down: plane((x) => `resize_nearest(${x}, [3, 2])`),
  interpolate_bilinear: plane((x) => `resize_linear(${x}, [7, 5])`),
  interpolate_bilinear_corners: plane((x) => `resize_linear(${x}, [7, 5], corners = true)`),
  interpolate_bilinear_x2: plane((x) => `resize_linear(${x}, [8, 6])`),
  interpolate_bilinear_down: plane((x) => `resize_linear(${x}, [3, 2])`),
  pixel_shuffle: plane((x) => `pixel_shuffle(${x}, 2)`),
  unfold: `
    let v = windows(${toBack("x", 2)}, [2, 3], padding = 1)
    let y = reshape(transpose(v, [0, 5, 3, 4, 1, 2]), [2, 12, 16])`,
  grid_sample: plane((x) => `grid_sample(${x}, grid)`),
  causal_conv1d: `
    let z = causal_conv1d(${toBack("x", 1)}, ${filters("w", 1)}, dilation = 2, groups = 3)
    let y = ${toFront("z", 1)}`,
  separable: `
    let z = conv2d(conv2d(${toBack("x", 2)}, ${filters("d", 2)}, padding = 1, groups = 3), ${filters("p", 2)})
    let y = ${toFront("z", 2)}`,
};
