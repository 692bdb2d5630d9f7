// The rows of an account's list of devices, as JSON. The registry and the catalogue know all of a
// row, except whether the device is connected: so the rows are made once for each directory, and
// presence is put into them for each answer.
//
// Belongs to a loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "registry/directory.h"

namespace gridloom::api {

// A row up to the value of its presence, and behind it.
struct DeviceRow {
  std::string sn;
  std::string before;
  std::string after;
  std::string family{};  // its id; empty: rows are not chosen by it
  std::string search{};  // the texts in which people search, in lower case
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
  using IsOnline = std::function<bool(std::string_view sn)>;
  // The rows, separated by commas.
  [[nodiscard]] std::string text(const std::shared_ptr<const registry::Directory>& directory,
                                 AccountId account, const Words& words, const IsOnline& is_online);

  // Some of the rows, in their order.
  struct Choice {
    std::string_view after{};  // the serial number of the row in front of the first; empty: none
    std::size_t limit = std::numeric_limits<std::size_t>::max();
    std::function<bool(const DeviceRow&)> is_wanted{};  // empty: each is
  };
  struct Page {
    std::string text{};          // of the rows, separated by commas
    std::string_view last{};     // the last row's serial number, until the next call
    bool has_more = false;       // further rows are wanted
    bool is_after_known = true;  // false: there is no row `after`, and the page is empty
  };
  [[nodiscard]] Page page(const std::shared_ptr<const registry::Directory>& directory,
                          AccountId account, const Words& words, const IsOnline& is_online,
                          const Choice& choice);
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
