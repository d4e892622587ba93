declare module "*?raw" {
  const text: string;
  export default text;
}
declare module "*?source" {
  const text: string;
  export default text;
}
