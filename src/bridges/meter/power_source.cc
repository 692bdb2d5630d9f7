#include "bridges/meter/power_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/nearest.h"
#include "base/printable.h"
#include "bridges/core/health.h"
#include "bridges/core/peer.h"
#include "catalog/natures.h"
#include "catalog/plausible.h"
#include "catalog/readable_values.h"
#include "client/mqtt_link.h"
#include "client/stream.h"
#include "home/home_state.h"
#include "hub/platform/platform.h"
#include "overview/freshness.h"
#include "overview/home_picture.h"
#include "wire/json.h"

namespace gridloom::bridges::meter {
namespace {

// A power that a broker publishes. Thread rule: the bridges' loop.
class MqttSource final : public PowerSource, private client::MqttLink::Listener {
 public:
  MqttSource(const SourceSpec& spec, const SourceParts& parts);
  MqttSource(const MqttSource&) = delete;
  MqttSource& operator=(const MqttSource&) = delete;
  ~MqttSource() override;

  [[nodiscard]] Result<double> power_w() const override;
  void tick() override;

 private:
  using Steady = std::chrono::steady_clock;

  void on_online() override { why_ = why_silent(); }
  void on_offline(const Error& why) override;
  // A retained message may be of any age, so it says nothing about now.
  void on_message(std::string_view topic, std::string_view payload, bool retained) override;
  void on_acknowledged(std::chrono::nanoseconds /*took*/) override {}
  // Why the power is not known while the broker is there.
  [[nodiscard]] std::string why_silent() const;

  std::string topic_;
  std::string path_;
  Millis max_age_;
  Health& health_;
  std::array<char, 16'384> buffer_{};
  std::shared_ptr<client::MqttLink> link_;  // null: the broker's TLS cannot be used
  std::string why_;                         // the power is not known
  std::optional<double> last_w_;
  Steady::time_point at_{};
};

constexpr std::size_t kLookUps = 1;  // lane of SourceParts::worker

MqttSource::MqttSource(const SourceSpec& spec, const SourceParts& parts)
    : topic_(spec.topic),
      path_(spec.path),
      max_age_(parts.max_age.value_or(kUsualMaxAge)),
      health_(*parts.identity.health),
      why_(fmt::format("the broker {} is not connected yet", spec.server)) {
  client::MqttLink::Options options;
  if (spec.is_tls) {
    auto tls = client::tls_client_of_system();
    if (!tls) {
      why_ = tls.error().detail;
      return;
    }
    options.tls = *std::move(tls);
  }
  net::IoLoop& loop = parts.parts.loop;
  options.resolve = client::resolve_on(parts.worker, kLookUps, loop, spec.server);
  options.loop = &loop;
  options.buffer = buffer_;
  options.client_id = parts.client_id;
  options.user = parts.user;
  options.password = parts.password;
  options.filters = {{.filter = spec.topic}};
  options.reconnects = true;
  link_ = std::make_shared<client::MqttLink>(std::move(options),
                                             static_cast<client::MqttLink::Listener&>(*this));
  link_->open();
}

MqttSource::~MqttSource() {
  if (link_) link_->close();
}

void MqttSource::tick() {
  if (link_) link_->tick(Steady::now());
}

void MqttSource::on_offline(const Error& why) { why_ = why.detail; }

void MqttSource::on_message(std::string_view topic, std::string_view payload, bool retained) {
  if (retained || topic != topic_) return;
  health_.count_in();
  const auto number = number_in_message(payload, path_);
  if (!number || !catalog::is_plausible_power(*number)) {
    return health_.error(fmt::format("a message on {} has {}", topic_,
                                     number ? "a number that is no power in W" : "no number"));
  }
  last_w_ = number;
  at_ = Steady::now();
  why_ = why_silent();
}

std::string MqttSource::why_silent() const {
  if (!last_w_) return fmt::format("no message has come on {}", topic_);
  return fmt::format("the last message on {} is older than {} s", topic_, max_age_.count() / 1000);
}

Result<double> MqttSource::power_w() const {
  if (last_w_ && Steady::now() - at_ <= max_age_) return *last_w_;
  return fail(ErrorCode::kNotFound, why_);
}

using Steady = std::chrono::steady_clock;

constexpr std::string_view kGridPower = "grid.power";

std::unexpected<Error> unknown(std::string why) {
  return fail(ErrorCode::kNotFound, std::move(why));
}

// W of one of its unit; nothing: the unit is none of power.
std::optional<double> watts_of_unit(std::string_view unit) {
  if (unit.empty() || unit == "W") return 1;
  if (unit == "kW") return 1000;
  if (unit == "mW") return 0.001;
  return std::nullopt;
}

// Reads the values of devices, and refuses values that are too old.
class DeviceReader {
 public:
  explicit DeviceReader(const SourceParts& parts)
      : book_(parts.book), clock_(parts.parts.hub.platform().clock), max_age_(parts.max_age) {}

  [[nodiscard]] const DeviceBook& book() const { return book_; }

  [[nodiscard]] Status is_fresh(const BookDevice& device) const {
    if (device.state() != overview::Freshness::kLive || !device.last_report()) {
      return unknown(
          fmt::format("device {} is {}", device.sn(), overview::name_of(device.state())));
    }
    const auto limit = max_age_of(device.family());
    const auto age = clock_.now() - *device.last_report();
    if (limit && age > *limit) {
      return unknown(fmt::format("the last report of device {} is older than {} s", device.sn(),
                                 limit->count() / 1000));
    }
    return {};
  }

  // With the sign of its nature.
  [[nodiscard]] static Result<double> value_w(const BookDevice& device, std::size_t slot) {
    const catalog::Field* const field = device.field_of(slot);
    const auto value = wire::parse_json(device.text_of(slot));
    const auto missing = [&] {
      return unknown(
          fmt::format("device {} has no value of {}", device.sn(), device.name_of(slot)));
    };
    if (!value) return missing();
    double watts = 0;
    if (field == nullptr) {
      if (!value->is_number()) return missing();
      watts = value->to_number<double>();
    } else {
      const auto number = catalog::number_of(*field, *value);
      const auto factor = watts_of_unit(field->unit);
      if (!factor) return unknown(fmt::format("{} is in {}, no power", field->name, field->unit));
      if (!number) return missing();
      watts = *number * *factor * (field->invert ? -1 : 1);
    }
    return catalog::is_plausible_power(watts) ? Result<double>(watts) : missing();
  }

 private:
  [[nodiscard]] std::optional<Millis> max_age_of(const catalog::Family& family) const {
    if (max_age_) return max_age_;
    constexpr std::int64_t kSecond_ms = 1000;
    if (family.messages.change_ms <= kSecond_ms) return kUsualMaxAge;
    return std::nullopt;
  }

  const DeviceBook& book_;
  const Clock& clock_;
  std::optional<Millis> max_age_;
};

// A field says what a battery draws, or what it gives.
bool says_what_is_drawn(const catalog::Field* field) {
  if (field == nullptr) return false;
  if (field->nature.empty()) return field->invert;
  return field->nature != "battery.discharge_power" && field->nature != "pv.power";
}

class DeviceSource final : public PowerSource {
 public:
  enum class Sign : std::uint8_t { kOfNature, kGives };

  DeviceSource(const SourceSpec& spec, const SourceParts& parts, Sign sign)
      : reader_(parts), sn_(spec.sn), field_(spec.field), sign_(sign) {}

  [[nodiscard]] Result<double> power_w() const override {
    const BookDevice* const device = reader_.book().find(sn_);
    if (device == nullptr) return unknown(fmt::format("there is no device {}", sn_));
    GL_TRY(reader_.is_fresh(*device));
    const auto slot = device->slot_named(field_);
    if (!slot) return unknown(fmt::format("device {} has no value of {}", sn_, field_));
    auto value = DeviceReader::value_w(*device, *slot);
    if (value && sign_ == Sign::kGives && says_what_is_drawn(device->field_of(*slot))) {
      *value = -*value;
    }
    return value;
  }
  [[nodiscard]] bool uses(std::string_view sn) const override { return sn == sn_; }

 private:
  DeviceReader reader_;
  std::string sn_;
  std::string field_;
  Sign sign_;
};

// The sum over all devices that measure it; of the grid's power over those that measure the home's
// connection, as the home has it.
class NatureSource final : public PowerSource {
 public:
  NatureSource(const SourceSpec& spec, const SourceParts& parts)
      : reader_(parts), nature_(spec.field) {}

  [[nodiscard]] Result<double> power_w() const override {
    double sum_w = 0;
    std::size_t count = 0;
    std::optional<Error> why;
    reader_.book().for_each([&](const BookDevice& device) {
      if (why || !measures(device)) return;
      const auto one = power_of(device);
      if (one) {
        sum_w += *one;
        ++count;
      } else {
        why = one.error();
      }
    });
    if (why) return std::unexpected(*std::move(why));
    if (count == 0) return unknown(fmt::format("no device measures {}", nature_));
    return sum_w;
  }

 private:
  [[nodiscard]] bool measures(const BookDevice& device) const {
    const catalog::Family& family = device.family();
    if (nature_ != kGridPower) return !catalog::fields_of_word(family, nature_).empty();
    return overview::role_of(family) == overview::Role::kMeter && !is_behind_meter(device);
  }

  // A household meter of the account measures the device's connection to the grid.
  [[nodiscard]] bool is_behind_meter(const BookDevice& device) const {
    const catalog::Field* const field = catalog::meter_field(device.family());
    const auto slot = field == nullptr ? std::nullopt : device.slot_named(field->name);
    if (!slot) return false;
    const auto value = wire::parse_json(device.text_of(*slot));
    if (!value || !value->is_string()) return false;
    const BookDevice* const meter = reader_.book().find(value->get_string());
    if (meter == nullptr) return false;
    const std::array members = {
        overview::Member{.family = &device.family(), .sn = device.sn(), .meter_sn = meter->sn()},
        overview::Member{.family = &meter->family(), .sn = meter->sn()}};
    return overview::roles_of(members).front() != overview::Role::kMeter;
  }

  [[nodiscard]] Result<double> power_of(const BookDevice& device) const {
    GL_TRY(reader_.is_fresh(device));
    const auto fields = catalog::fields_of_word(device.family(), nature_);
    double sum_w = 0;
    std::size_t count = 0;
    for (std::size_t slot = 0; slot < device.slots(); ++slot) {
      const catalog::Field* const field = device.field_of(slot);
      const bool is_of_sum = field != nullptr && !device.text_of(slot).empty() &&
                             (field == fields.front() ||
                              (field->part && std::ranges::find(fields, field) != fields.end()));
      if (!is_of_sum) continue;
      const auto value = DeviceReader::value_w(device, slot);
      if (!value) return value;
      sum_w += *value;
      ++count;
    }
    if (count == 0) return unknown(fmt::format("device {} has not reported it", device.sn()));
    return sum_w;
  }

  DeviceReader reader_;
  std::string nature_;
};

class HomeSource final : public PowerSource {
 public:
  explicit HomeSource(const SourceParts& parts)
      : homes_(parts.parts.homes),
        loop_(parts.parts.loop),
        account_(parts.identity.account),
        max_age_(parts.max_age),
        read_(std::make_shared<Read>()) {}

  [[nodiscard]] Result<double> power_w() const override {
    if (!read_->home || Steady::now() - read_->at > kHolds) return unknown("the home is not known");
    const home::HomeFeed::Home& home = *read_->home;
    const overview::PowerNode& grid = home.picture->at(overview::PowerPlace::kGrid);
    if (home.picture->grid_caption != overview::GridCaption::kMeasured) {
      return unknown("no device measures the home's connection to the grid");
    }
    if (!grid.power_w || grid.at_least) return unknown("the home's grid power is not known");
    for (const home::HomeDevicePtr& device : home.state->devices) {
      if (!max_age_ || device->role != overview::Role::kMeter) continue;
      if (!device->last_report || home.state->now - *device->last_report > *max_age_) {
        return unknown(fmt::format("the last report of device {} is older than {} s", device->sn,
                                   max_age_->count() / 1000));
      }
    }
    return *grid.power_w;
  }

  void tick() override {
    const auto now = Steady::now();
    if (read_->is_asked || now - asked_ < home::HomeFeed::kFresh) return;
    asked_ = now;
    read_->is_asked = true;
    homes_.get(account_,
               {.loop = &loop_, .done = [read = read_](Result<home::HomeFeed::Home> home) {
                  read->is_asked = false;
                  if (!home) return;
                  read->home = *std::move(home);
                  read->at = Steady::now();
                }});
  }

 private:
  static constexpr std::chrono::seconds kHolds{5};

  // Shared with the call, which may be answered when the source is gone.
  struct Read {
    std::optional<home::HomeFeed::Home> home{};
    Steady::time_point at{};
    bool is_asked = false;
  };
  home::HomeFeed& homes_;
  Loop& loop_;
  registry::AccountId account_;
  std::optional<Millis> max_age_;
  std::shared_ptr<Read> read_;
  Steady::time_point asked_{};
};

class TurnedSource final : public PowerSource {
 public:
  explicit TurnedSource(std::unique_ptr<PowerSource> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] Result<double> power_w() const override {
    auto value = inner_->power_w();
    if (value) *value = -*value;
    return value;
  }
  void tick() override { inner_->tick(); }
  [[nodiscard]] bool uses(std::string_view sn) const override { return inner_->uses(sn); }

 private:
  std::unique_ptr<PowerSource> inner_;
};

std::unique_ptr<PowerSource> make(const SourceSpec& spec, const SourceParts& parts,
                                  DeviceSource::Sign sign) {
  std::unique_ptr<PowerSource> source;
  switch (spec.kind) {
    case SourceSpec::Kind::kDevice:
      source = std::make_unique<DeviceSource>(spec, parts, sign);
      break;
    case SourceSpec::Kind::kNature:
      source = std::make_unique<NatureSource>(spec, parts);
      break;
    case SourceSpec::Kind::kMqtt:
      source = std::make_unique<MqttSource>(spec, parts);
      break;
    case SourceSpec::Kind::kHome:
      source = std::make_unique<HomeSource>(parts);
      break;
  }
  if (spec.is_turned) source = std::make_unique<TurnedSource>(std::move(source));
  return source;
}

}  // namespace

std::unique_ptr<PowerSource> make_source(const SourceSpec& spec, const SourceParts& parts) {
  return make(spec, parts, DeviceSource::Sign::kOfNature);
}

std::unique_ptr<PowerSource> make_output_source(const SourceSpec& spec, const SourceParts& parts) {
  return make(spec, parts, DeviceSource::Sign::kGives);
}

// --- the names of sources in settings, and numbers in messages

namespace {

constexpr std::string_view kForms =
    "home, device:SN:FIELD, nature:grid.power or mqtt:mqtt://HOST:PORT/TOPIC#path";

std::unexpected<Error> bad(std::string_view setting, std::string_view text, std::string_view why) {
  return fail(ErrorCode::kBadParams, fmt::format("{} is \"{}\": {}; must be {}", setting,
                                                 redacted_extract(text), why, kForms));
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<double> number_of(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return std::nullopt;
  text.remove_prefix(first);
  text = text.substr(0, text.find_last_not_of(" \t\r\n") + 1);
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool is_number =
      error == std::errc{} && end == text.data() + text.size() && std::isfinite(number);
  return is_number ? std::optional(number) : std::nullopt;
}

}  // namespace

Result<SourceSpec> parse_source(std::string_view setting, std::string_view text) {
  using Kind = SourceSpec::Kind;
  std::string_view rest = text;
  SourceSpec spec{.is_turned = take(rest, "-")};
  if (rest == "home") return spec;
  if (take(rest, "device:")) {
    const std::size_t colon = rest.find(':');
    if (colon == 0 || colon == std::string_view::npos || colon + 1 == rest.size()) {
      return bad(setting, text, "it has no serial number, or no field");
    }
    spec.kind = Kind::kDevice;
    spec.sn = rest.substr(0, colon);
    spec.field = rest.substr(colon + 1);
    return spec;
  }
  if (take(rest, "nature:")) {
    if (!rest.ends_with("power") || catalog::nature_of_word(rest).empty()) {
      return bad(setting, text, "it is no nature of a power");
    }
    spec.kind = Kind::kNature;
    spec.field = rest;
    return spec;
  }
  if (!take(rest, "mqtt:")) return bad(setting, text, "it is no source");
  spec.kind = Kind::kMqtt;
  const std::size_t host = rest.find("://");
  const std::size_t slash = host == std::string_view::npos ? host : rest.find('/', host + 3);
  if (slash == std::string_view::npos) return bad(setting, text, "it has no broker, or no topic");
  GL_TRY(auto broker, parse_broker_address(setting, rest.substr(0, slash)));
  spec.server = std::move(broker.host_port);
  spec.is_tls = broker.uses_tls;
  rest.remove_prefix(slash + 1);
  const std::size_t hash = rest.find('#');
  spec.topic = rest.substr(0, hash);
  if (hash != std::string_view::npos) spec.path = rest.substr(hash + 1);
  if (spec.topic.empty() || spec.topic.contains('+')) {
    return bad(setting, text, "it needs one topic without wildcards");
  }
  return spec;
}

std::optional<double> number_in_message(std::string_view payload, std::string_view path) {
  if (path.empty()) return number_of(payload);
  std::optional<double> found;
  const Status walked = wire::walk_json(payload, {}, [&](const wire::Leaf& leaf) {
    const bool may_be =
        leaf.kind == wire::LeafKind::kNumber || leaf.kind == wire::LeafKind::kString;
    if (may_be && leaf.path == path) found = number_of(leaf.text);
  });
  return walked ? found : std::nullopt;
}

}  // namespace gridloom::bridges::meter
