// Waiting for another loop from a bridge.
#pragma once

#include <functional>
#include <thread>

namespace gridloom::bridges {

// Runs work that waits for a loop of the bridge's own, such as the end of its listener, and returns
// when it has ended. It has a thread: what a loop's thread posts to another loop goes out at the
// end of its turn, so waiting for that within the turn would never end.
inline void run_off_loop(const std::function<void()>& work) { std::thread(work).join(); }

}  // namespace gridloom::bridges
