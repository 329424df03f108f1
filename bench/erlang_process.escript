#!/usr/bin/env escript
%% What an Erlang process costs, for comparison: start + run + end, and memory while it waits.
main(_) ->
    Count = 200000,
    lists:foreach(fun(_) -> round_trip(Count) end, lists:seq(1, 2)),
    Times = lists:sort([round_trip(Count) || _ <- lists:seq(1, 7)]),
    Before = erlang:memory(processes),
    Pids = [spawn(fun() -> receive stop -> ok end end) || _ <- lists:seq(1, 60000)],
    After = erlang:memory(processes),
    lists:foreach(fun(Pid) -> Pid ! stop end, Pids),
    io:format("{\"start_run_end_ns\": ~.1f, \"bytes\": ~.1f}~n",
              [lists:nth(4, Times) * 1000 / Count, (After - Before) / 60000]).

%% Microseconds for Count processes, one after another, each of which is seen to have ended.
round_trip(Count) ->
    {Time, ok} = timer:tc(fun() -> loop(Count) end),
    Time.

loop(0) -> ok;
loop(N) ->
    {Pid, Ref} = spawn_monitor(fun() -> ok end),
    receive {'DOWN', Ref, process, Pid, _} -> loop(N - 1) end.
