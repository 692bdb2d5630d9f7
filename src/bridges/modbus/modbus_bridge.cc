#include "bridges/modbus/modbus_bridge.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/printable.h"
#include "bridges/core/local_gateway.h"
#include "bridges/core/peer.h"
#include "bridges/modbus/poller.h"
#include "bridges/modbus/report.h"
#include "catalog/family.h"
#include "catalog/plausible.h"
#include "hub/platform/platform.h"
#include "wire/json.h"

namespace gridloom::bridges {
namespace {

using parameters::Arguments;
using parameters::Parameter;
using parameters::Type;
using wire::Json;
using wire::JsonObject;

constexpr std::string_view kScheme = "tcp://";
constexpr double kEvery_s = 2;
constexpr double kMostWhole = 1e15;

constexpr std::array kSettings = {
    Parameter{.name = "address",
              .text = "Address of the device, as tcp://HOST or tcp://HOST:PORT; without a port "
                      "that of its family, 502",
              .required = true},
    Parameter{.name = "device",
              .text = "Serial number of the device, which the account owns",
              .type = Type::kSerialNumber,
              .required = true},
    Parameter{.name = "unit",
              .text = "Number of the Modbus unit; that of the device's family if left out",
              .type = Type::kInteger,
              .least = 0,
              .most = 255},
    Parameter{.name = "every",
              .text = "Seconds from one reading to the next; 2 if left out",
              .type = Type::kNumber,
              .least = 0.5,
              .most = 60},
    Parameter{.name = "control",
              .text = "Write commands to the device; if left out it is only read",
              .type = Type::kFlag},
};

std::optional<HostPort> place_in(std::string_view address) {
  if (!address.starts_with(kScheme)) return std::nullopt;
  return parse_host_port(address.substr(kScheme.size()));
}

Status check(const Arguments& settings) {
  const std::string address = settings.text("address");
  if (place_in(address)) return {};
  return fail(ErrorCode::kBadParams,
              fmt::format("address is \"{}\": must be tcp://HOST or tcp://HOST:PORT, such as "
                          "tcp://192.168.1.20:502",
                          redacted_extract(address)));
}

class ModbusBridge final : public Bridge, private ModbusPoller::Listener {
 public:
  ModbusBridge(Parts parts, Identity identity, const Arguments& settings)
      : parts_(std::move(parts)),
        identity_(std::move(identity)),
        sn_(settings.text("device")),
        place_(place_in(settings.text("address")).value_or(HostPort())),
        unit_(settings.integer("unit")),
        every_s_(settings.number("every").value_or(kEvery_s)),
        may_control_(settings.flag("control")) {}
  ~ModbusBridge() override { stop(); }

  void start() override { begin(); }

  void stop() override {
    poller_.reset();
    alive_.reset();
    say_offline();
    gateway_.reset();
  }

  void registry_changed() override {
    if (!poller_) return begin();
    if (!is_ours()) say_offline();
  }

  void tick() override {
    if (gateway_) gateway_->tick();
  }

 private:
  struct Waiting {
    std::uint64_t number = 0;
    JsonObject set;
  };

  void begin();
  // On the poller's thread.
  void on_readings(const ModbusValues& values) override;
  void on_lost(const std::string& why) override;
  void on_outcome(std::uint64_t number, Result<ModbusValues> shown) override;
  void on_released(const std::string& why) override;
  // Runs on the loop, unless the bridge has stopped.
  template <typename Do>
  void post(Do run);
  // On the loop.
  void take_readings(const ModbusValues& values);
  void take_outcome(std::uint64_t number, const Result<ModbusValues>& shown);
  void take_set(std::string_view payload);
  // Whether the account owns the device.
  [[nodiscard]] bool is_ours() const;
  void say_offline();
  void refuse(const JsonObject& set, std::string_view why);
  [[nodiscard]] Status order(const JsonObject& set);
  [[nodiscard]] Json value_of(std::size_t reading, double value) const;
  [[nodiscard]] TimePoint now() const { return parts_.hub.platform().clock.now(); }

  const Parts parts_;
  const Identity identity_;
  const std::string sn_;
  const HostPort place_;
  const std::optional<std::int64_t> unit_;
  const double every_s_;
  const bool may_control_;

  catalog::FamilyPtr family_;  // with a Modbus section; null: not begun
  std::optional<DeviceMessages> messages_;
  std::unique_ptr<LocalGateway> gateway_;
  bool is_online_ = false;         // as the gateway knows it
  std::vector<std::string> sent_;  // by reading: the text of the value that was reported last
  std::optional<std::chrono::steady_clock::time_point> full_at_;  // the last whole report
  std::optional<Waiting> waiting_;
  std::uint64_t last_number_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::atomic<bool> readings_wait_{false};  // for the loop
  std::unique_ptr<ModbusPoller> poller_;
};

template <typename Do>
void ModbusBridge::post(Do run) {
  parts_.loop.post([alive = std::weak_ptr<bool>(alive_), run = std::move(run)]() mutable {
    if (alive.lock()) run();
  });
}

bool ModbusBridge::is_ours() const {
  const auto directory = parts_.registry.directory();
  const registry::Device* device = directory->find_device(sn_);
  return device != nullptr && device->owner == identity_.account;
}

void ModbusBridge::begin() {
  if (!is_ours()) {
    return identity_.health->failing(
        fmt::format("{} is no device of the account: add it first", redacted_name(sn_)));
  }
  family_ = parts_.hub.platform().catalog->of_serial(sn_);
  if (!family_->modbus) {
    const std::string_view product = family_->product;
    return identity_.health->failing(
        product.empty()
            ? fmt::format("{} is of no known family, so that its registers are not known", sn_)
            : fmt::format("{} is a {}, which has no Modbus registers", sn_, product));
  }
  messages_.emplace(family_, now());
  sent_.assign(family_->modbus->readings.size(), "");
  constexpr double kSecond_ms = 1000;
  const std::string port =
      place_.port.empty() ? std::to_string(family_->modbus->port) : place_.port;
  gateway_ = std::make_unique<LocalGateway>(LocalGateway::Options{
      .hub = parts_.hub,
      .loop = parts_.loop,
      .account = identity_.account,
      .client_id = "bridge-" + identity_.name,
      .on_set =
          [this](std::string_view sn, std::string_view payload) {
            if (sn == sn_) take_set(payload);
          },
      .on_dropped = [this](std::size_t count) { identity_.health->count_dropped(count); }});
  gateway_->serve(sn_);
  ModbusPoller::Listener& listener = *this;
  poller_ = std::make_unique<ModbusPoller>(
      ModbusPoller::Options{
          .modbus = *family_->modbus,
          .host_port = fmt::format("{}:{}", place_.host, port),
          .unit = static_cast<std::uint8_t>(unit_.value_or(family_->modbus->unit)),
          .every = Millis(std::llround(every_s_ * kSecond_ms))},
      listener);
}

void ModbusBridge::on_readings(const ModbusValues& values) {
  identity_.health->count_in();
  // A loop that is behind gets the newest readings later.
  if (readings_wait_.exchange(true)) return identity_.health->count_dropped();
  post([this, values] { take_readings(values); });
}

void ModbusBridge::on_lost(const std::string& why) {
  identity_.health->failing(why);
  post([this] { say_offline(); });
}

void ModbusBridge::on_outcome(std::uint64_t number, Result<ModbusValues> shown) {
  post([this, number, shown = std::move(shown)] { take_outcome(number, shown); });
}

void ModbusBridge::on_released(const std::string& why) { identity_.health->error(why); }

void ModbusBridge::say_offline() {
  if (std::exchange(is_online_, false)) gateway_->say_offline(sn_);
}

Json ModbusBridge::value_of(std::size_t reading, double value) const {
  const catalog::Field* field = family_->field(family_->modbus->readings[reading].field);
  if (field->type == catalog::FieldType::kBool) return value != 0;
  const bool is_whole = value == std::trunc(value) && std::abs(value) < kMostWhole;
  if (is_whole || field->type == catalog::FieldType::kInt) return std::llround(value);
  return value;
}

void ModbusBridge::take_readings(const ModbusValues& values) {
  readings_wait_ = false;
  if (!is_ours()) {
    return identity_.health->failing(
        fmt::format("{} is no device of the account any more", redacted_name(sn_)));
  }
  identity_.health->connected();
  if (!std::exchange(is_online_, true)) {
    gateway_->say_online(sn_);
    full_at_.reset();
  }
  const auto steady = std::chrono::steady_clock::now();
  const bool is_full = !full_at_ || steady - *full_at_ >= Millis(family_->messages.full_ms);
  if (is_full) full_at_ = steady;
  DeviceMessages::Values changed;
  for (std::size_t k = 0; k < values.size(); ++k) {
    if (!values[k]) continue;
    const catalog::Field* const field = family_->field(family_->modbus->readings[k].field);
    if (!catalog::may_arrive(*field, *values[k])) {
      identity_.health->add_to_figure("implausible_values");
      continue;
    }
    Json value = value_of(k, *values[k]);
    std::string text = wire::to_text(value);
    if (!is_full && text == sent_[k]) continue;
    sent_[k] = std::move(text);
    changed.emplace_back(family_->modbus->readings[k].field, std::move(value));
  }
  for (std::string& text : messages_->reports(changed, now())) {
    gateway_->report(sn_, std::move(text));
    identity_.health->count_out();
  }
}

void ModbusBridge::refuse(const JsonObject& set, std::string_view why) {
  gateway_->reply(sn_, messages_->refusal(set, why, now()));
}

Status ModbusBridge::order(const JsonObject& set) {
  GL_TRY(const auto checked, catalog::check_set(*family_, set));
  const catalog::Command* const command = family_->find_modbus_command(set);
  if (command == nullptr || command != checked.command) {
    return fail(ErrorCode::kBadParams, "the device has no such command over Modbus");
  }
  if (!may_control_) {
    return fail(
        ErrorCode::kBadParams,
        fmt::format("the bridge {} only reads: its setting control is off", identity_.name));
  }
  const auto index = static_cast<std::size_t>(command - family_->modbus_commands.data());
  GL_TRY(auto order,
         order_of(*family_->modbus, family_->modbus->actions[index], *command, checked.params));
  order.number = ++last_number_;
  if (waiting_ || !poller_->post(std::move(order))) {
    return fail(ErrorCode::kConflict, "another command is being carried out: try again");
  }
  waiting_ = Waiting{.number = last_number_, .set = set};
  return {};
}

void ModbusBridge::take_set(std::string_view payload) {
  const auto parsed = wire::parse_json(payload);
  if (!parsed || !parsed->is_object()) return;  // the hub has checked it
  if (Status ordered = order(parsed->get_object()); !ordered) {
    refuse(parsed->get_object(), ordered.error().detail);
  }
}

void ModbusBridge::take_outcome(std::uint64_t number, const Result<ModbusValues>& shown) {
  if (!waiting_ || waiting_->number != number) return;
  const JsonObject set = std::exchange(waiting_, std::nullopt)->set;
  if (!shown) {
    identity_.health->error(shown.error().detail);
    return refuse(set, shown.error().detail);
  }
  JsonObject result{{"ack", 0}};
  const catalog::Command* const command = family_->find_modbus_command(set);
  JsonObject seen;
  for (const catalog::Effect& effect : command->effects) {
    const auto& readings = family_->modbus->readings;
    for (std::size_t k = 0; k < shown->size(); ++k) {
      if (readings[k].field == effect.field && (*shown)[k]) {
        seen[effect.field] = value_of(k, *(*shown)[k]);
      }
    }
  }
  if (!seen.empty()) result["shown"] = std::move(seen);
  gateway_->reply(sn_, messages_->reply(set, std::move(result), now()));
}

std::unique_ptr<Bridge> make(const Parts& parts, Identity identity, const Arguments& settings) {
  return std::make_unique<ModbusBridge>(parts, std::move(identity), settings);
}

}  // namespace

const BridgeKind& modbus_kind() {
  static constexpr BridgeKind kKind{
      .name = "modbus",
      .example = "--address tcp://192.168.1.20 --device HJ31ZDH2ZF690025",
      .text = "Reads a device of the house over Modbus TCP, without a cloud",
      .settings = kSettings,
      .check = check,
      .make = make};
  static_assert(is_complete(kKind));
  return kKind;
}

}  // namespace gridloom::bridges
