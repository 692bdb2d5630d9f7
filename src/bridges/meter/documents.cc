#include "bridges/meter/documents.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <utility>

#include "base/ascii.h"

namespace gridloom::bridges::meter {
namespace {

// The device has whole watts.
std::int64_t whole_watts(double value) { return std::llround(value); }
double tenths_of_watt_hours(double value) { return std::round(value * 10) / 10; }

}  // namespace

wire::JsonObject eco_tracker_document(const Reading& reading) {
  wire::JsonObject document{{"power", whole_watts(reading.power_w)},
                            {"powerAvg", whole_watts(reading.average_w)},
                            {"energyCounterIn", tenths_of_watt_hours(reading.in_wh)},
                            {"energyCounterOut", tenths_of_watt_hours(reading.out_wh)}};
  if (reading.phases_w) {
    document["powerPhase1"] = whole_watts((*reading.phases_w)[0]);
    document["powerPhase2"] = whole_watts((*reading.phases_w)[1]);
    document["powerPhase3"] = whole_watts((*reading.phases_w)[2]);
  }
  return document;
}

namespace {

using wire::Json;
using wire::JsonArray;
using wire::JsonObject;

constexpr double kNominal_v = 230;
constexpr double kNominal_hz = 50;
constexpr std::array<std::string_view, 3> kPhases = {"a", "b", "c"};
constexpr std::array<std::string_view, 8> kMethods = {
    "EM.GetStatus",         "EM1.GetStatus",    "EMData.GetStatus",   "EM1Data.GetStatus",
    "Shelly.GetDeviceInfo", "Shelly.GetStatus", "Shelly.ListMethods", "Sys.GetStatus"};

// Without a minus in front of 0.
double rounded(double value, double steps) { return std::round(value * steps) / steps + 0.0; }
double watts(double value) { return rounded(value, 10); }
double watt_hours(double value) { return rounded(value, 100); }

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, lower, lower);
}

std::array<double, 3> phases_of(const Reading& reading) {
  return reading.phases_w.value_or(std::array<double, 3>{reading.power_w, 0, 0});
}

JsonObject em_status(const Reading& reading) {
  JsonObject status{{"id", 0}};
  const auto phases = phases_of(reading);
  for (std::size_t k = 0; k < kPhases.size(); ++k) {
    const std::string phase(kPhases.at(k));
    const double power_w = phases.at(k);
    status[phase + "_current"] = rounded(std::abs(power_w) / kNominal_v, 1000);
    status[phase + "_voltage"] = kNominal_v;
    status[phase + "_act_power"] = watts(power_w);
    status[phase + "_aprt_power"] = watts(std::abs(power_w));
    status[phase + "_pf"] = 1.0;
    status[phase + "_freq"] = kNominal_hz;
  }
  double apparent = 0;
  for (const double power_w : phases) apparent += std::abs(power_w);
  status["n_current"] = nullptr;
  status["total_current"] = rounded(apparent / kNominal_v, 1000);
  status["total_act_power"] = watts(reading.power_w);
  status["total_aprt_power"] = watts(apparent);
  status["user_calibrated_phase"] = JsonArray();
  return status;
}

JsonObject em1_status(const Reading& reading, std::int64_t phase) {
  const double power_w = phases_of(reading).at(static_cast<std::size_t>(phase));
  return {{"id", phase},
          {"current", rounded(std::abs(power_w) / kNominal_v, 1000)},
          {"voltage", kNominal_v},
          {"act_power", watts(power_w)},
          {"aprt_power", watts(std::abs(power_w))},
          {"pf", 1.0},
          {"freq", kNominal_hz},
          {"calibration", "factory"}};
}

// Energies of phases are not counted: their sum stands on phase a.
JsonObject em_data(const Reading& reading) {
  JsonObject data{{"id", 0}};
  for (std::size_t k = 0; k < kPhases.size(); ++k) {
    const std::string phase(kPhases.at(k));
    data[phase + "_total_act_energy"] = k == 0 ? watt_hours(reading.in_wh) : 0.0;
    data[phase + "_total_act_ret_energy"] = k == 0 ? watt_hours(reading.out_wh) : 0.0;
  }
  data["total_act"] = watt_hours(reading.in_wh);
  data["total_act_ret"] = watt_hours(reading.out_wh);
  return data;
}

JsonObject em1_data(const Reading& reading, std::int64_t phase) {
  return {{"id", phase},
          {"total_act_energy", phase == 0 ? watt_hours(reading.in_wh) : 0.0},
          {"total_act_ret_energy", phase == 0 ? watt_hours(reading.out_wh) : 0.0}};
}

JsonObject methods() {
  JsonArray names;
  for (const std::string_view name : kMethods) names.emplace_back(name);
  return {{"methods", std::move(names)}};
}

}  // namespace

JsonObject to_json(const RpcError& error) {
  return {{"code", error.code}, {"message", error.message}};
}

Shelly::Shelly(std::string_view mac) {
  for (const char c : mac) {
    mac_.push_back(c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c);
    id_.push_back(lower(c));
  }
  id_.insert(0, "shellypro3em-");
}

JsonObject Shelly::device_info() const {
  return {{"name", nullptr},
          {"id", id_},
          {"mac", mac_},
          {"slot", 0},
          {"model", "SPEM-003CEBEU"},
          {"gen", 2},
          {"fw_id", "20241011-114455/1.4.4-g6d2a586"},
          {"ver", "1.4.4"},
          {"app", "Pro3EM"},
          {"auth_en", false},
          {"auth_domain", nullptr},
          {"profile", "triphase"}};
}

JsonObject Shelly::status(const Reading& reading) const {
  return {{"cloud", JsonObject{{"connected", false}}},
          {"em:0", em_status(reading)},
          {"emdata:0", em_data(reading)},
          {"sys", JsonObject{{"mac", mac_}, {"restart_required", false}}}};
}

std::expected<JsonObject, RpcError> Shelly::call(std::string_view method, std::int64_t component,
                                                 const std::optional<Reading>& reading) const {
  const auto* const known = std::ranges::find_if(
      kMethods, [&](std::string_view name) { return same_word(name, method); });
  if (known == kMethods.end()) {
    return std::unexpected(RpcError{.message = "No handler for " + wire::shortened(method)});
  }
  if (*known == "Shelly.GetDeviceInfo") return device_info();
  if (*known == "Shelly.ListMethods") return methods();
  if (*known == "Sys.GetStatus") return JsonObject{{"mac", mac_}, {"restart_required", false}};
  const bool is_of_phase = known->starts_with("EM1");
  if (component < 0 || component >= (is_of_phase ? 3 : 1)) {
    return std::unexpected(
        RpcError{.code = RpcError::kBadArgument,
                 .message = "Argument 'id', value " + std::to_string(component) + " not found!"});
  }
  if (!reading) {
    return std::unexpected(
        RpcError{.code = RpcError::kUnavailable, .message = "The power is not known"});
  }
  if (*known == "EM.GetStatus") return em_status(*reading);
  if (*known == "EM1.GetStatus") return em1_status(*reading, component);
  if (*known == "EMData.GetStatus") return em_data(*reading);
  if (*known == "EM1Data.GetStatus") return em1_data(*reading, component);
  return status(*reading);
}

Shelly::Answer Shelly::answer(std::string_view frame, const std::optional<Reading>& reading) const {
  const auto parsed = wire::parse_json(frame, {.bytes = kMaxFrame, .depth = 8, .keys = 64});
  if (!parsed || !parsed->is_object()) return {};
  const std::string_view method = wire::text_in(*parsed, "method");
  if (method.empty()) return {};
  const Json* const params = wire::member(*parsed, "params");
  const std::int64_t component = params == nullptr ? 0 : wire::whole_in(*params, "id").value_or(0);
  const Json* const id = wire::member(*parsed, "id");
  const Json* const from = wire::member(*parsed, "src");
  JsonObject out{{"id", id == nullptr ? Json(nullptr) : *id}, {"src", id_}};
  if (from != nullptr && from->is_string()) out["dst"] = *from;
  auto result = call(method, component, reading);
  Answer answer;
  if (result) {
    out["result"] = *std::move(result);
  } else {
    out["error"] = to_json(result.error());
    answer.error = std::move(result.error());
  }
  answer.frame = wire::to_text(out);
  return answer;
}

}  // namespace gridloom::bridges::meter
