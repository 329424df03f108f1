(module $names
  (import "host" "log" (func $log))
  (func $the_first (export "first") (call $log))
  (func $the_second (call $the_first)))
