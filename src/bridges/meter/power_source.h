// Where a meter's power comes from: the home, a field of a device, a nature of all devices, or a
// topic of an MQTT broker. A source says nothing where the power is not known or too old: never 0,
// and never the value from before.
//
// Thread rule: the bridges' loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/worker.h"
#include "bridges/core/bridge.h"
#include "bridges/core/device_book.h"

namespace gridloom::bridges::meter {

// A source as its setting names it.
struct SourceSpec {
  enum class Kind : std::uint8_t {
    kHome,    // "home": the home's connection to the grid
    kDevice,  // "device:SN:FIELD"
    kNature,  // "nature:grid.power"
    kMqtt     // "mqtt:mqtt://HOST:PORT/TOPIC#path"
  };
  Kind kind = Kind::kHome;
  std::string sn{};
  std::string field{};   // of the device, or the nature
  std::string server{};  // "HOST:PORT"
  bool is_tls = false;
  std::string topic{};
  std::string path{};      // in the JSON of a message: "a.b[0]"; empty: the message is the number
  bool is_turned = false;  // "-device:…": the other sign
};
// kBadParams: `setting` names the text in the message.
[[nodiscard]] Result<SourceSpec> parse_source(std::string_view setting, std::string_view text);

class PowerSource {
 public:
  PowerSource() = default;
  PowerSource(const PowerSource&) = delete;
  PowerSource& operator=(const PowerSource&) = delete;
  virtual ~PowerSource() = default;

  // In W, with the sign of the field's nature: grid power is + for import. kNotFound: not known,
  // and why, in words for people.
  [[nodiscard]] virtual Result<double> power_w() const = 0;
  // A few times a second.
  virtual void tick() {}
  // Whether its power may be another one when the device has reported.
  [[nodiscard]] virtual bool uses(std::string_view /*sn*/) const { return false; }
};

// The parts that sources read. All of it outlives them.
struct SourceParts {
  const Parts& parts;
  const Identity& identity;
  const DeviceBook& book;
  Worker& worker;           // looks up names, in lane 1
  std::string client_id{};  // at a broker: of this source alone
  // Older powers are not known. Nothing: 10 s for a topic and for devices that report each second,
  // else until the device is quiet.
  std::optional<Millis> max_age{};
  std::string user{};
  Secret password{};
};
[[nodiscard]] std::unique_ptr<PowerSource> make_source(const SourceSpec& spec,
                                                       const SourceParts& parts);

inline constexpr Millis kUsualMaxAge{10'000};

// Reads the output of a battery from a field of its device: + it gives. Natures of batteries and of
// the grid are + for charging and drawing, so these are turned.
[[nodiscard]] std::unique_ptr<PowerSource> make_output_source(const SourceSpec& spec,
                                                              const SourceParts& parts);

// The number in a message: of the JSON at `path`, or the message itself. Nothing: there is none.
// Pure.
[[nodiscard]] std::optional<double> number_in_message(std::string_view payload,
                                                      std::string_view path);

}  // namespace gridloom::bridges::meter
