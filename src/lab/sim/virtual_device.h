// A virtual device: fields, a model, and the family's message formats. It implements only the
// device's side of the MQTT messages, as bytes: it returns what it would publish, and takes what is
// published to it.
//
// It has no socket and no clock, so a test runs days of it in a moment. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/family.h"
#include "sim/device_faults.h"
#include "sim/habits.h"
#include "sim/model.h"
#include "sim/outing.h"
#include "sim/report_text.h"
#include "sim/resume.h"
#include "wire/json.h"

namespace gridloom::sim {

// The data that all virtual devices of a family share. Immutable: for any thread.
struct VirtualFamily {
  // Throws logic_error if the family's file lacks what its model uses (model_maker()).
  explicit VirtualFamily(const catalog::FamilyPtr& family);

  FieldTablePtr table;
  ModelMaker make_model;
  std::vector<ReportText> reports;
  bool has_timestamps = false;  // its reports carry a timestamp
  // catalog::awake_formula(), and the slots of its names; null: other things feed the devices.
  const catalog::Formula* awake = nullptr;
  std::vector<Slot> awake_inputs;
  // By extra battery: the Slot::index of the fields that are there while it is.
  std::vector<std::vector<std::size_t>> pack_fields;
};
using VirtualFamilyPtr = std::shared_ptr<const VirtualFamily>;

using catalog::simulated_sn;

// How a device is set up. Members that are not given are as the device file has them.
struct Setup {
  std::optional<catalog::Place> place{};
  std::optional<std::uint32_t> circuits{};  // as in Environment
  double carried = 0;                       // as in catalog::SiteDevice
  InitialValues initial{};
  std::optional<std::vector<catalog::Roof>> roofs{};  // as in Environment
  std::vector<catalog::Habit> habits{};
  std::optional<catalog::MeterPlace> meter{};  // by which it regulates itself, over HTTP
  bool sleeps = false;                         // as in catalog::SiteDevice
  std::vector<catalog::Pack> packs{};          // extra batteries that are plugged in
};

struct DeviceTimes {
  TimePoint start;
  TimePoint report;  // when every field was reported last
};

struct NetworkFaults {
  bool cut_off = false;
  bool silent = false;    // does not send replies
  bool malforms = false;  // sends malformed reports
};

// A device's own part of the environment, as in Environment.
struct DevicePlace {
  catalog::Place place{};
  std::optional<std::uint32_t> circuits{};
  std::optional<std::vector<catalog::Roof>> roofs{};
  std::vector<catalog::Pack> packs{};
  double pack_count = 0;
  double carried = 0;  // as in Setup
};

// Whether a device goes off the network without sun (Setup::sleeps), and has.
enum class Sleep : std::uint8_t { kNever, kAwake, kAsleep };

class VirtualDevice {
 public:
  // With `last`, the device continues from the state in which it was left; null, or a state without
  // any value of this family: it starts from the family's initial values.
  VirtualDevice(VirtualFamilyPtr virtual_family, std::string sn, Chance chance,
                const Environment& environment, const LastState* last = nullptr,
                const Setup& setup = {});

  // Activates the faults of the rules that apply to this device now, and ends all others. Call it
  // before the functions below while there are rules, and once more after the last rule was
  // removed.
  void apply_faults(std::span<const FaultRule> rules, TimePoint now);
  // Whether a fault, or the night, keeps the device off the network. Its simulation continues.
  [[nodiscard]] bool cut_off() const { return network_.cut_off || sleep_ == Sleep::kAsleep; }
  // The device has read the meter by which it regulates itself; nothing: the meter does not answer.
  void see_meter(std::optional<double> power_w);
  // Whether a fault makes its reports malformed.
  [[nodiscard]] bool malforms_reports() const { return network_.malforms; }

  // A message to be published on /device/<sn>/<verb>.
  struct Message {
    std::string_view verb;  // "quota", "set_reply"
    std::string payload;
  };

  // The device has connected: reports every field.
  void connected(const Environment& environment, std::vector<Message>& out);
  // Advances the model to the environment's time, without a report.
  void move(const Environment& environment);
  // Calls move(), then reports the changed fields, or once a minute every field.
  void step(const Environment& environment, std::vector<Message>& out);
  // Handles a message on the set topic. The changed fields are reported before the reply, so that a
  // client that reads after the reply sees them.
  void on_set(std::string_view payload, const Environment& environment, std::vector<Message>& out);

  [[nodiscard]] const std::string& sn() const { return sn_; }
  [[nodiscard]] const VirtualFamily& virtual_family() const { return *virtual_family_; }
  [[nodiscard]] const catalog::Family& family() const { return virtual_family_->table->family(); }
  [[nodiscard]] const Fields& fields() const { return fields_; }
  [[nodiscard]] Balance balance() const { return model_->balance(); }
  // As of the model (model.h).
  [[nodiscard]] double drawn_w() const { return model_->drawn_w(); }
  [[nodiscard]] bool can_discharge() const { return model_->can_discharge(); }
  [[nodiscard]] bool supplies_others() const { return model_->supplies_others(); }
  // Whether a fault takes the grid away.
  [[nodiscard]] bool lacks_grid() const { return lacks_grid_; }
  // The values that have to be stored so that the device can resume (LastState::unreported), if
  // they changed since the last call.
  [[nodiscard]] std::optional<wire::JsonObject> take_unreported();
  // The same, whether it changed or not.
  [[nodiscard]] wire::JsonObject unreported() const;

 private:
  using Extent = ReportText::Extent;

  struct Active {
    const catalog::DeviceFault* fault;
    std::optional<double> value;
    friend bool operator==(const Active&, const Active&) = default;
  };
  // The environment at the device: its place's air, its circuits, and what its faults change.
  [[nodiscard]] Environment at_device(const Environment& environment);
  // Makes the site's environment that of the device.
  void adapt(Environment& environment);
  [[nodiscard]] bool resume(const LastState& last, const Environment& environment);
  void follow_habits();
  void pin_fields();
  // Gives the device the extra batteries of its setup, and those that it may get later.
  void take_packs(const Setup& setup);
  void show_packs(double count);
  void write_numbers();
  void fall_asleep_or_wake();
  void obey(std::string_view payload, const Environment& environment, std::vector<Message>& out);
  void report(Extent extent, const Environment& environment, std::vector<Message>& out);
  [[nodiscard]] std::string reply_to(const catalog::Command& command,
                                     const wire::JsonObject& request,
                                     const wire::JsonObject& params, const CommandOutcome& outcome,
                                     const Environment& environment);
  [[nodiscard]] std::optional<wire::Json> look_up(std::string_view name,
                                                  const wire::JsonObject& request,
                                                  const wire::JsonObject& params,
                                                  const Environment& environment);
  [[nodiscard]] bool effects_fit(const catalog::Command& command, const wire::JsonObject& params);
  [[nodiscard]] std::string refusal(const wire::JsonObject& request, std::string_view why) const;

  VirtualFamilyPtr virtual_family_;
  std::string sn_;
  Fields fields_;
  // Members that every step uses stand together: many devices do not fit into a processor's nearest
  // cache.
  OwnedModel model_;
  TimePoint stepped_;
  DevicePlace own_;
  std::vector<Active> active_;
  std::unique_ptr<Habits> habits_;        // null: it has none
  std::optional<Environment> unwritten_;  // environment of the last step, until write_numbers()
  Outing outing_;
  std::optional<LanMeter> lan_meter_;  // as in Environment
  DeviceTimes since_;
  std::int64_t message_id_ = 0;
  Chance chance_;
  std::vector<std::size_t> pinned_;  // by Slot::index
  NetworkFaults network_{};
  bool lacks_grid_ = false;
  Sleep sleep_ = Sleep::kNever;
  std::uint64_t next_mangling_ = 0;
  std::uint64_t taken_version_ = 0;  // Model::unreported_version() of take_unreported()
};

}  // namespace gridloom::sim
