// Says when other processes have changed the stored registry, or may have.
#pragma once

#include <functional>

#include "base/result.h"

namespace gridloom::registry {

class ChangeSource {
 public:
  ChangeSource() = default;
  ChangeSource(const ChangeSource&) = delete;
  ChangeSource& operator=(const ChangeSource&) = delete;
  virtual ~ChangeSource() = default;  // waits for the call that is under way

  // Once. `catch_up` is called on a thread of the source's own: at its start, after each change of
  // another process, and whenever one may have been missed. If it fails, it is called again.
  virtual void start(std::function<Status()> catch_up) = 0;
};

}  // namespace gridloom::registry
