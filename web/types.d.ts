// TensorFlow.js comes as two files that leave one global behind.
declare module "*.min.js";
declare const tf: typeof import("@tensorflow/tfjs-core") & {
  wasm: typeof import("@tensorflow/tfjs-backend-wasm");
};

type Point = [number, number]; // pixels, x first; pixel centres are whole numbers
type Grey = { width: number; height: number; data: Uint8Array };
type Square = { left: number; top: number; side: number }; // whole pixels of the photograph
type Placed = { at: number; shape: number[] };
type Step = {
  op: string;
  from: number[];
  kernel: Placed;
  bias: Placed;
  stride?: number;
  slope?: number; // of the activation below zero; without one there is no activation
};
type Described = {
  name: string;
  file: string;
  training: string;
  error: number;
  faces: number;
  parameters: number;
  maps: boolean;
  steps: Step[];
};
type Portrait = { name: string; file: string; points: Point[][] };
type Contents = { networks: Described[]; portraits: Portrait[]; meanFace: Point[] };
type Maps = { shares: Float32Array[]; spreads: number[] };
type Look = { points: Point[]; maps: Maps; spread: number; square: Square; face: Uint8Array };
type Followed = Look & { missed: number; chosen?: boolean }; // chosen: the reader touched it
type Candidate = { score: number; square: Square };
