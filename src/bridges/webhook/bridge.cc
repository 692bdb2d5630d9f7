// Posts what happens to the devices to an address, one event after another.
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bridges/webhook/event_watch.h"
#include "bridges/webhook/kind.h"
#include "bridges/webhook/sender.h"
#include "bridges/webhook/settings.h"
#include "hub/platform.h"

namespace gridloom::bridges {
namespace {

using webhook::Event;
using webhook::EventDevice;
using webhook::EventWatch;

// A preview for an account without devices shows these.
constexpr std::string_view kExampleSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kExampleId = "3f1c0a5be7d24986b0a1c2d3e4f50617";

std::string account_name(const registry::Registry& registry, registry::AccountId id) {
  const auto directory = registry.directory();
  const registry::Account* const account = directory->find_account(id);
  return account == nullptr ? std::string() : account->name;
}

class WebhookBridge final : public Bridge {
 public:
  WebhookBridge(const Parts& parts, Identity identity, const webhook::Settings& settings)
      : parts_(parts),
        identity_(std::move(identity)),
        settings_(settings),
        sender_(settings, *identity_.health, *parts.hub.platform().wall) {}

  void start() override {
    watch_.emplace(EventWatch::Options{
        .hub = parts_.hub,
        .loop = parts_.loop,
        .account = identity_.account,
        .log = parts_.events,
        .on_event = [this](const Event& event) { tell(event); },
        .on_lost =
            [this] {
              identity_.health->error("more happened at once than is kept: events are missing");
            }});
    sender_.start();
  }

  void stop() override {
    watch_.reset();
    sender_.stop();
  }

  void tick() override {
    if (watch_) watch_->tick();
  }

  void registry_changed() override {
    if (watch_) watch_->registry_changed();
  }

 private:
  void tell(const Event& event) {
    if (!settings_.tells(event.kind) ||
        !settings_.selection.has_device(event.device.sn, event.device.name)) {
      return;
    }
    sender_.push(event, account_name(parts_.registry, identity_.account));
  }

  const Parts parts_;
  const Identity identity_;
  const webhook::Settings settings_;
  webhook::Sender sender_;
  std::optional<EventWatch> watch_;
};

Status check(const parameters::Arguments& arguments) {
  const auto settings = webhook::webhook_settings(arguments);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity,
                             const parameters::Arguments& arguments) {
  const auto settings = webhook::webhook_settings(arguments);
  if (!settings) return nullptr;  // they were checked
  return std::make_unique<WebhookBridge>(parts, std::move(identity), *settings);
}

// One of the account's devices whose events would be told, or one that it could have.
EventDevice example_device(const Parts& parts, registry::AccountId account,
                           const Selection& selection) {
  const auto& catalog = *parts.hub.platform().catalog;
  const auto directory = parts.registry.directory();
  for (const auto& list : {directory->devices_of(account), directory->shared_with(account)}) {
    for (const registry::Device* each : list) {
      if (!selection.has_device(each->sn, each->name)) continue;
      return {.sn = each->sn, .name = each->name, .family = catalog.of_serial(each->sn)};
    }
  }
  return {.sn = std::string(kExampleSn), .name = {}, .family = catalog.of_serial(kExampleSn)};
}

Result<wire::Json> preview(const Parts& parts, registry::AccountId account,
                           const parameters::Arguments& arguments) {
  const auto settings = webhook::webhook_settings(arguments);
  if (!settings) return std::unexpected(settings.error());
  const EventDevice device = example_device(parts, account, settings->selection);
  const std::int64_t now_ms = unix_ms(parts.hub.platform().clock.now());
  wire::JsonArray bodies;
  for (const webhook::EventKind kind : settings->events) {
    bodies.push_back(webhook::body_of(webhook::example_of(kind, device, now_ms), kExampleId,
                                      account_name(parts.registry, account)));
  }
  return wire::Json(std::move(bodies));
}

}  // namespace

const Kind& webhook_kind() {
  static const Kind kKind{
      .name = "webhook",
      .example = "--url https://hooks.lan/home --secret-file secret",
      .text = "Posts events of devices to a URL: faults, presence, silence and ends of sets",
      .settings = webhook::webhook_parameters(),
      .selects_devices = true,
      .check = check,
      .make = make,
      .preview = preview};
  return kKind;
}

}  // namespace gridloom::bridges
