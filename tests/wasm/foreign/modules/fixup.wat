(module $wit-component-fixup
  (import "" "0" (func $real (param i32 i32 i32)))
  (import "" "$imports" (table 1 1 funcref))
  (elem (i32.const 0) func $real))
