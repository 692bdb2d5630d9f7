// The loops of a server, and how a caller without threads makes them work.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "net/io_loop.h"

namespace gridloom::server {

using Loops = std::vector<std::unique_ptr<net::IoLoop>>;
using LoopSpan = std::span<const std::unique_ptr<net::IoLoop>>;

[[nodiscard]] Loops make_loops(std::size_t count);
// The same loops for a room that posts to them, or that registers descriptors.
[[nodiscard]] std::vector<Loop*> as_loops(LoopSpan loops);
[[nodiscard]] std::vector<net::IoLoop*> as_io_loops(LoopSpan loops);

// For loops that were not started; the caller's thread works for all of them.
// One turn of each. False: there was nothing to do.
bool turn_all(LoopSpan loops);
// Turns the loops until `work` returns, which runs on a thread of its own because it waits for
// tasks of the loops.
void turn_during(LoopSpan loops, const std::function<void()>& work);

}  // namespace gridloom::server
