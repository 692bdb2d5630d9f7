// The rows of an account's list of devices, as JSON. What a row has is known to the registry and
// the catalogue, except whether the device is connected: so the rows are made once for each
// directory, and presence is put into them for each answer.
//
// Belongs to a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/account_id.h"
#include "registry/directory.h"

namespace gridloom::api {

// A row up to the value of its presence, and behind it.
struct DeviceRow {
  std::string sn;
  std::string before;
  std::string after;
};

class DeviceRows {
 public:
  // Rows of all accounts that are kept at once.
  static constexpr std::size_t kMaxRows = 16'384;

  using Make = std::function<std::vector<DeviceRow>(const registry::Directory&, AccountId)>;
  explicit DeviceRows(Make make) : make_(std::move(make)) {}

  struct Words {
    std::string_view online;
    std::string_view offline;
  };
  // The rows, separated by commas.
  [[nodiscard]] std::string text(const std::shared_ptr<const registry::Directory>& directory,
                                 AccountId account, const Words& words,
                                 const std::function<bool(std::string_view sn)>& is_online);
  // How often an account's rows were made.
  [[nodiscard]] std::uint64_t made() const { return made_; }

 private:
  struct Kept {
    std::weak_ptr<const registry::Directory> of;
    std::vector<DeviceRow> rows;
  };
  [[nodiscard]] const std::vector<DeviceRow>& rows(
      const std::shared_ptr<const registry::Directory>& directory, AccountId account);

  Make make_;
  std::map<AccountId, Kept> kept_;
  std::size_t count_ = 0;  // of all rows in kept_
  std::uint64_t made_ = 0;
};

}  // namespace gridloom::api
