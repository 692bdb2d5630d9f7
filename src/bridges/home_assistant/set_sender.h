// Sends what Home Assistant asks to set, as the bridge's account, and counts what became of it in
// the bridge's health. Thread rule: the bridges' loop.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "bridges/core/bridge.h"
#include "bridges/core/device_book.h"
#include "bridges/home_assistant/publisher.h"
#include "home/set_tracker.h"

namespace gridloom::bridges::home_assistant {

class SetSender {
 public:
  // `find`: the device as the book has it; null: it does not.
  using Find = std::function<const BookDevice*(std::string_view sn)>;
  // Both outlive this.
  SetSender(const Parts& parts, const Identity& identity, Find find)
      : parts_(parts), identity_(identity), find_(std::move(find)) {}

  // `bytes`: of the value that was asked for.
  void send(Publisher::Asked asked, std::size_t bytes);

 private:
  void refuse(std::string_view sn, std::string_view why) const;
  void end(const std::string& sn, const Result<home::SetRecord>& record);
  [[nodiscard]] std::string module_of(const Publisher::Asked& asked, std::string_view group) const;

  const Parts& parts_;
  const Identity& identity_;
  const Find find_;
  std::size_t waiting_ = 0;  // sets that are not answered yet
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace gridloom::bridges::home_assistant
