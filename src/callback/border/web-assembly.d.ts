/** What is used of WebAssembly; TypeScript has its types for browsers only. */
declare namespace WebAssembly {
  class Memory {
    readonly buffer: ArrayBuffer;
    constructor(limits: { readonly initial: number; readonly maximum: number });
  }
  class Module {
    private readonly module;
    constructor(bytes: Uint8Array);
    static imports(module: Module): readonly { readonly module: string; readonly name: string }[];
  }
  function compile(bytes: Uint8Array): Promise<Module>;
  class Instance {
    readonly exports: unknown;
    constructor(module: Module, imports: Readonly<Record<string, object>>);
  }
}
