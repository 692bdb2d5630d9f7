#include "bridges/webhook/bridge.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/nearest.h"
#include "base/printable.h"
#include "bridges/webhook/quiet_watch.h"
#include "bridges/webhook/sender.h"
#include "hub/feed/change_feed.h"
#include "hub/platform/platform.h"

namespace gridloom::bridges::webhook {
namespace {

using parameters::Parameter;
using parameters::Type;

constexpr std::array<Parameter, 5> kSettings = {{
    {.name = "url",
     .text = "Address that events are posted to: http:// or https://HOST:PORT/PATH",
     .required = true,
     .most_bytes = 1024},
    {.name = "secret",
     .text = "Secret that events are signed with; without it they are not signed",
     .type = Type::kSecret,
     .most_bytes = 1024},
    {.name = "events",
     .text = "Events that are told: fault.began, fault.ended, online, offline, quiet, "
             "set.answered, set.refused, set.unanswered; without them all",
     .type = Type::kTexts,
     .most_items = kEventKinds.size()},
    {.name = "devices",
     .text = "Devices whose events are told, by serial number or name; without them all of the "
             "account",
     .type = Type::kTexts,
     .most_items = 1024},
    {.name = "ca",
     .text = "File with the certificates that https:// trusts; without it those of the system",
     .most_bytes = 1024},
}};

Result<std::vector<EventKind>> kinds_named(const std::vector<std::string>& names) {
  std::vector<EventKind> kinds;
  if (names.empty()) kinds.assign(kEventKinds.begin(), kEventKinds.end());
  for (const std::string& name : names) {
    const auto found =
        std::ranges::find(kEventKinds, name, [](EventKind each) { return name_of(each); });
    if (found == kEventKinds.end()) {
      std::vector<std::string_view> known;
      known.reserve(kEventKinds.size());
      for (const EventKind each : kEventKinds) known.push_back(name_of(each));
      return fail(ErrorCode::kBadParams,
                  fmt::format("events has \"{}\": must be {}{}", redacted_extract(name),
                              joined_or(known), did_you_mean(name, known)));
    }
    kinds.push_back(*found);
  }
  return kinds;
}

}  // namespace

bool WebhookSettings::tells(EventKind kind) const {
  return std::ranges::find(events, kind) != events.end();
}

std::span<const Parameter> webhook_parameters() { return kSettings; }

Result<WebhookSettings> webhook_settings(const parameters::Arguments& arguments) {
  GL_TRY(auto url, parse_web_address("url", arguments.text("url")));
  GL_TRY(auto events, kinds_named(arguments.texts("events")));
  return WebhookSettings{.url = std::move(url),
                         .ca = arguments.text("ca"),
                         .secret = Secret(arguments.text("secret")),
                         .events = std::move(events),
                         .selection = Selection(arguments.texts("devices"), {})};
}

}  // namespace gridloom::bridges::webhook

namespace gridloom::bridges {

namespace {

using webhook::Event;
using webhook::EventDevice;
using webhook::QuietWatch;

// A preview for an account without devices shows these.
constexpr std::string_view kExampleSn = "R331ZEB4ZEAL0528";
constexpr std::string_view kExampleId = "3f1c0a5be7d24986b0a1c2d3e4f50617";

std::string account_name(const registry::Registry& registry, registry::AccountId id) {
  const auto directory = registry.directory();
  const registry::Account* const account = directory->find_account(id);
  return account == nullptr ? std::string() : account->name;
}

// Posts what happens to the devices to an address, one event after another.
class WebhookBridge final : public Bridge {
 public:
  WebhookBridge(const Parts& parts, const Identity& identity,
                const webhook::WebhookSettings& settings)
      : parts_(parts),
        account_(identity.account),
        sender_(parts, identity, settings),
        reader_(std::make_shared<Reader>(sender_)) {}

  void start() override {
    watch_.emplace(
        QuietWatch::Options{.hub = parts_.hub,
                            .loop = parts_.loop,
                            .account = account_,
                            .on_event = [this](const Event& event) { sender_.push(event); }});
    using Options = hub::ChangeReaderOptions;
    subscription_ = parts_.hub.changes().subscribe({.reader = reader_,
                                                    .loop = &parts_.loop,
                                                    .scope = Options::Scope::kAccount,
                                                    .account = account_,
                                                    .detail = Options::Detail::kEvents});
    sender_.start();
  }

  void stop() override {
    subscription_.reset();
    reader_->end();
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
  // The log of events is written from the same feed.
  class Reader final : public hub::ChangeReader {
   public:
    explicit Reader(webhook::Sender& sender) : sender_(&sender) {}
    void on_changes(hub::ChangeBatch /*batch*/) override {
      if (sender_ != nullptr) sender_->on_news();
    }
    void end() { sender_ = nullptr; }

   private:
    webhook::Sender* sender_;
  };

  const Parts parts_;
  const registry::AccountId account_;
  webhook::Sender sender_;
  std::shared_ptr<Reader> reader_;
  std::optional<hub::ChangeSubscription> subscription_;
  std::optional<QuietWatch> watch_;
};

Status check(const parameters::Arguments& arguments) {
  const auto settings = webhook::webhook_settings(arguments);
  return settings ? Status() : std::unexpected(settings.error());
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity,
                             const parameters::Arguments& arguments) {
  const auto settings = webhook::webhook_settings(arguments);
  if (!settings) return nullptr;  // they were checked
  return std::make_unique<WebhookBridge>(parts, identity, *settings);
}

// One of the account's devices whose events would be sent, or one that it could have.
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
  GL_TRY(const auto settings, webhook::webhook_settings(arguments));
  const EventDevice device = example_device(parts, account, settings.selection);
  const std::int64_t now_ms = unix_ms(parts.hub.platform().clock.now());
  wire::JsonArray bodies;
  for (const webhook::EventKind kind : settings.events) {
    bodies.push_back(webhook::body_of(webhook::example_of(kind, device, now_ms), kExampleId,
                                      account_name(parts.registry, account)));
  }
  return wire::Json(std::move(bodies));
}

}  // namespace

const BridgeKind& webhook_kind() {
  static const BridgeKind kKind{
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
