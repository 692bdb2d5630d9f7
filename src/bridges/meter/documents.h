// Meters as batteries read them: an everHome EcoTracker and a Shelly Pro 3EM. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "bridges/meter/display.h"
#include "wire/json.h"

namespace gridloom::bridges::meter {

// --- an everHome EcoTracker

inline constexpr std::string_view kEcoTrackerPath = "/v1/json";
inline constexpr std::string_view kEcoTrackerProduct = "1137";  // productid of its TXT record

// The answer at kEcoTrackerPath: powers in W, energies in Wh.
[[nodiscard]] wire::JsonObject eco_tracker_document(const Reading& reading);

// --- a Shelly Pro 3EM

inline constexpr std::size_t kMaxFrame = 2048;  // bytes of a request

// Codes as the device has them.
struct RpcError {
  static constexpr int kBadArgument = -105;
  static constexpr int kUnavailable = -109;  // the reading is not known
  static constexpr int kNoHandler = 404;

  int code = kNoHandler;
  std::string message{};
};
[[nodiscard]] wire::JsonObject to_json(const RpcError& error);

// The methods of its RPC and their results, and the frames in which requests come over HTTP and
// UDP. Voltages and frequencies are the nominal ones, and currents follow from them: no source
// reports any. A sum whose phases are not known is shown on phase a, as by a meter with one clamp.
class Shelly {
 public:
  // `mac` has 12 hexadecimal digits.
  explicit Shelly(std::string_view mac);

  [[nodiscard]] const std::string& id() const { return id_; }  // "shellypro3em-0123456789ab"
  // `component` is the parameter "id". Names of methods are known in either case.
  [[nodiscard]] std::expected<wire::JsonObject, RpcError> call(
      std::string_view method, std::int64_t component, const std::optional<Reading>& reading) const;

  struct Answer {
    std::string frame;  // empty: the request is none
    std::optional<RpcError> error{};
  };
  // Answers a JSON-RPC frame.
  [[nodiscard]] Answer answer(std::string_view frame, const std::optional<Reading>& reading) const;
  [[nodiscard]] wire::JsonObject device_info() const;

 private:
  [[nodiscard]] wire::JsonObject status(const Reading& reading) const;

  std::string mac_;
  std::string id_;
};

}  // namespace gridloom::bridges::meter
