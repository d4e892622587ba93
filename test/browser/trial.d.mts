export interface Trial {
  losses: number[];
  predictions: number[];
  hash: number;
  peakBytes: number;
  selfTest: { passed: boolean; worst: string; deviation: number };
}
export function trial(model: object): Promise<Trial>;
