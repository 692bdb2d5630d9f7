#include "server/loops.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <thread>

namespace gridloom::server {
namespace {

template <typename Base>
std::vector<Base*> pointers_to(LoopSpan loops) {
  std::vector<Base*> pointers;
  pointers.reserve(loops.size());
  std::ranges::transform(loops, std::back_inserter(pointers),
                         [](const auto& loop) { return loop.get(); });
  return pointers;
}

}  // namespace

Loops make_loops(std::size_t count) {
  Loops loops;
  loops.reserve(count);
  for (std::size_t i = 0; i < count; ++i) loops.push_back(std::make_unique<net::IoLoop>());
  return loops;
}

std::vector<Loop*> as_loops(LoopSpan loops) { return pointers_to<Loop>(loops); }

std::vector<net::IoLoop*> as_io_loops(LoopSpan loops) { return pointers_to<net::IoLoop>(loops); }

bool turn_all(LoopSpan loops) {
  bool busy = false;
  for (const auto& loop : loops) busy = loop->turn() || busy;
  return busy;
}

void turn_during(LoopSpan loops, const std::function<void()>& work) {
  std::atomic<bool> done{false};
  const std::jthread worker([&] {
    work();
    done = true;
  });
  while (!done) {
    if (!turn_all(loops)) std::this_thread::yield();
  }
}

}  // namespace gridloom::server
