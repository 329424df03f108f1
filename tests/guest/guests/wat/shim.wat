;; What an encoder of components puts beside the main module: passes calls on through a table.
(module
  (table (export "$imports") 1 1 funcref)
  (type $t (func (param i32)))
  (func (export "0") (param i32) (call_indirect (type $t) (local.get 0) (i32.const 0))))
