export { lowerDot } from "./lower.ts";
export type { DotRequest, Epilogue, ExtraBuffer, LoweredDot, Place, Role, RoledKernel, View } from "./request.ts";
