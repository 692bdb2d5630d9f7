// Shows the batteries of the account to clients of Network UPS Tools.
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "bridges/core/device_book.h"
#include "bridges/nut/kind.h"
#include "bridges/nut/server.h"
#include "bridges/nut/settings.h"
#include "bridges/nut/ups.h"

namespace gridloom::bridges {
namespace {

using Steady = std::chrono::steady_clock;

// Before the address is bound again.
constexpr std::chrono::seconds kRetry{5};

class NutBridge final : public Bridge, private DeviceBook::Listener {
 public:
  NutBridge(Parts parts, Identity identity, nut::Settings settings)
      : parts_(std::move(parts)), identity_(std::move(identity)), settings_(std::move(settings)) {}

  void start() override {
    DeviceBook::Listener& listener = *this;
    book_.emplace(parts_.hub, parts_.loop, identity_.account, listener);
    listen();
  }

  void stop() override {
    server_.reset();
    book_.reset();
  }

  void tick() override {
    if (book_) book_->tick();
    if (!server_ && Steady::now() >= listen_again_) listen();
    show();
  }

  void registry_changed() override {
    if (book_) book_->registry_changed();
  }

 private:
  void listen() {
    listen_again_ = Steady::now() + kRetry;
    auto opened =
        nut::Server::open({.listen = settings_.listen,
                           .clients = {.user = settings_.user,
                                       .password = settings_.password,
                                       .board = &board_,
                                       .health = identity_.health,
                                       .name = "bridge " + identity_.name,
                                       .failures = parts_.failures,
                                       .audit = [this](const hub::AccessEvent& event) {
                                         parts_.hub.record_access(identity_.account, event);
                                       }}});
    if (!opened) return identity_.health->failing(opened.error().detail);
    server_ = std::move(*opened);
    identity_.health->set_figure("port", server_->address().port);
    identity_.health->connected();
  }

  void on_device(const BookDevice& device) override { changed_.insert(device.sn()); }
  void on_removed(const std::string& sn) override { changed_.insert(sn); }
  void on_values(const BookDevice& device, std::span<const std::size_t> /*slots*/) override {
    changed_.insert(device.sn());
  }
  void on_state(const BookDevice& device) override { changed_.insert(device.sn()); }

  // Shows the devices with news, a few times a second however many come.
  void show() {
    if (changed_.empty()) return;
    for (const std::string& sn : std::exchange(changed_, {})) {
      const BookDevice* device = book_->find(sn);
      const bool is_shown = device != nullptr && nut::can_be_ups(device->family()) &&
                            settings_.selection.has_device(sn, device->name());
      if (is_shown) {
        by_sn_[sn] = std::make_shared<const nut::Ups>(nut::ups_of(*device, settings_.thresholds));
      } else {
        by_sn_.erase(sn);
      }
    }
    std::map<std::string, int> devices_of_alias;
    for (const auto& [sn, ups] : by_sn_) ++devices_of_alias[ups->alias];
    auto all = std::make_shared<nut::UpsMap>(by_sn_);
    for (const auto& [sn, ups] : by_sn_) {
      if (!ups->alias.empty() && devices_of_alias[ups->alias] == 1) all->emplace(ups->alias, ups);
    }
    board_.show(std::move(all));
  }

  const Parts parts_;
  const Identity identity_;
  const nut::Settings settings_;
  nut::UpsBoard board_;
  std::unique_ptr<nut::Server> server_;
  std::optional<DeviceBook> book_;
  std::set<std::string> changed_;  // devices with news
  nut::UpsMap by_sn_;
  Steady::time_point listen_again_;
};

Status check(const parameters::Arguments& arguments) {
  const auto settings = nut::nut_settings(arguments);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity,
                             const parameters::Arguments& arguments) {
  auto settings = nut::nut_settings(arguments);
  if (!settings) return nullptr;  // they were checked
  return std::make_unique<NutBridge>(parts, std::move(identity), std::move(*settings));
}

}  // namespace

const Kind& nut_kind() {
  static const Kind kKind{
      .name = "nut",
      .example = "--listen 127.0.0.1:3493",
      .text = "Serves batteries as UPSs to clients of Network UPS Tools, such as upsmon",
      .settings = nut::nut_parameters(),
      .selects_devices = true,
      .check = check,
      .make = make};
  return kKind;
}

}  // namespace gridloom::bridges
