// A loop that runs each task at once, on the thread that posts it: for answers to a thread that
// waits for them, and for tests.
#pragma once

#include "base/loop.h"

namespace gridloom {

class ImmediateLoop final : public Loop {
 public:
  void post(Task task) override { task(); }
};

}  // namespace gridloom
