(module $wit-component-shim-module
  (type $lowered (func (param i32 i32 i32)))
  (table (export "$imports") 1 1 funcref)
  (func (export "0") (type $lowered)
    (call_indirect (type $lowered) (local.get 0) (local.get 1) (local.get 2) (i32.const 0))))
