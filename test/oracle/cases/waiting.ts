/** The cases that wait for a feature of the language or the library. With the covered ones they are all that there are. */

const named = (prefix: string, names: string): readonly string[] => names.split(" ").map((name) => prefix + name);

/** By file: the feature -> the cases that need it. `*` stands for the whole file. */
export const waiting: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  nets: {
    "convolution and pooling": ["cnn", "resnet_block", "conv_autoencoder"],
  },
  higher: { "convolution and pooling": ["hvp_convolution"] },
  credit_attribution: {
    "convolution and pooling": [
      ...named("", "gradient_conv guided_conv deconvolution_conv input_x_gradient_conv grad_cam_conv"),
      ...named("integrated_gradients_", "zero_conv given_conv"),
      ...named("deeplift_rescale_", "zero_conv given_conv"),
      ...named("lrp_", "epsilon_1_conv epsilon_25_conv zplus_conv gamma_conv"),
    ],
  },
};
