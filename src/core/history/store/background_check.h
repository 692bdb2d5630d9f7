// Verifies all of history's storage once, in the background, while the server runs
// (StoreFactory::verify()): damage may also lie where only fewer rows are read, which nobody would
// notice.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "history/store/store_factory.h"

namespace gridloom::history {

class BackgroundCheck {
 public:
  // `on_damage` is called at most once, on the thread of this object, with a description of the
  // damage.
  BackgroundCheck(std::shared_ptr<StoreFactory> stores, std::function<void(std::string)> on_damage);
  // Stops the check.
  ~BackgroundCheck() = default;
  BackgroundCheck(const BackgroundCheck&) = delete;
  BackgroundCheck& operator=(const BackgroundCheck&) = delete;

 private:
  std::jthread thread_;
};

}  // namespace gridloom::history
