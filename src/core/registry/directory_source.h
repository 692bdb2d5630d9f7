// Where the directory comes from: all that those who only look things up see of the registry.
//
// Thread rule: any function from any thread.
#pragma once

#include <functional>
#include <memory>

#include "registry/directory.h"

namespace gridloom::registry {

class DirectorySource {
 public:
  DirectorySource() = default;
  DirectorySource(const DirectorySource&) = delete;
  DirectorySource& operator=(const DirectorySource&) = delete;
  virtual ~DirectorySource() = default;

  // Never null. Takes a short lock; a caller may cache the result and refresh it in on_change.
  [[nodiscard]] virtual std::shared_ptr<const Directory> directory() const = 0;
  // Calls `listener` after each change, on the thread that made it. directory() is already updated,
  // and the listener may call any function of the registry. Listeners cannot be removed.
  virtual void on_change(std::function<void()> listener) = 0;
};

}  // namespace gridloom::registry
