// The interface between a virtual device's physics and the rest of the simulator.
//
// VirtualDevice (virtual_device.h) holds the fields, applies the declared effects of commands and
// sends the declared reports; a Model computes the numbers that depend on each other (watts,
// charge, temperatures, counters) from the settings among those fields. Only models know fields by
// name: they look them up once a family (model_slots.h) and compute in the units of the device
// file. One thread at a time per device.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/chance.h"
#include "base/clock.h"
#include "base/result.h"
#include "catalog/family.h"
#include "catalog/home.h"
#include "sim/fields.h"
#include "sim/household/home.h"
#include "wire/json.h"

namespace gridloom::sim {

// The direction of the sun, as a unit vector, and how much of its light comes from there.
struct SunDirection {
  double east = 0;
  double north = 0;
  double up = 1;
  double direct = 0;  // fraction of the light; the rest comes from the whole sky
};

// The last reading of the meter in the local network by which a device regulates itself.
struct LanMeter {
  std::uint64_t number = 0;         // another one: it was read again
  std::optional<double> power_w{};  // + import; nothing: the meter does not answer
};

// The conditions at a site at one moment. They are the same for all its devices, except for a
// device that has a fault (catalog::DeviceFault), which changes them for that device, and for the
// air: a device gets that of its place in air_c.
struct Environment {
  TimePoint now;              // UTC
  Millis utc_offset{0};       // how far the site's clocks are ahead of UTC
  std::int64_t local_ms = 0;  // since local midnight
  double sun = 0;  // fraction of a flat PV module's rated power: 0 at night, about 1 at best
  // None: its light is the same on all modules, however they lie.
  std::optional<SunDirection> sun_direction{};
  double air_c = 20;                                                    // around the device
  std::array<double, catalog::kPlaces.size()> place_c{20, 20, 20, 20};  // by catalog::Place
  // The power that the home draws: by default that of people and appliances of a household, who use
  // so much in a year. They are those of the site, or of the device alone.
  std::optional<double> household_w{};
  double household_kwh = 3500;
  std::optional<household::Shared> household{};  // of the site
  // One bit for each circuit of the home that the device supplies; nothing: the model chooses.
  std::optional<std::uint32_t> circuits{};
  // The power that the site's other devices draw from the device that measures the site's
  // connection to the grid, or that supplies a site without one; negative: they feed it.
  double others_ac_w = 0;
  std::optional<double> others_dc_w{};  // nothing: no device is plugged in there
  // A further unit of a system shares what the site draws: others_ac_w is without the system's own
  // units, and this is how many of these could give power of their batteries in the last step.
  // Nothing: the device is no such unit.
  std::optional<int> able_units{};
  std::optional<LanMeter> lan_meter{};  // nothing: the device has none
  // Where the modules at the device's PV inputs face; an input beyond them has none. Nothing: the
  // model chooses.
  std::optional<std::span<const catalog::Roof>> roofs{};
  // The extra batteries that the device has, by their numbers, and how many of them are plugged in.
  std::span<const catalog::Pack> packs{};
  double pack_count = 0;
  double grid_v = 230;
  double grid_hz = 50;
  bool grid_up = true;
  std::array<double, 2> panels{1, 1};  // fraction of the sun that reaches each PV input
  bool battery_ok = true;  // false: the battery's protection blocks charging and discharging
  bool heater_ok = true;   // false: the battery's heater fails when it should heat
  double appliance_w = 0;  // additional load on the device's own sockets

  [[nodiscard]] double outdoor_c() const {
    return place_c[static_cast<std::size_t>(catalog::Place::kOutdoor)];
  }
  // The same air at all places.
  void set_air(double celsius) {
    air_c = celsius;
    place_c.fill(celsius);
  }
};

// The result of a command in the model, in addition to its declared effects.
struct CommandOutcome {
  std::optional<std::int64_t> ack;  // replaces that of the declared reply, if the reply has one
  wire::JsonObject result;          // its members replace or extend those of the declared reply
  bool full_report = false;         // report every field at once
  bool refused = false;             // as Command::valid_while says
};

// A device's energy in whole microjoules: what came in and went out since the start, what its
// batteries store now, and what was lost as heat or because a battery shrank with age. The balance
// is exact to the microjoule: in = out + lost + growth of stored. No step has a negative loss.
struct Balance {
  std::int64_t in_uj = 0;
  std::int64_t out_uj = 0;
  std::int64_t lost_uj = 0;
  std::int64_t stored_uj = 0;
};

// The time for which a device was not simulated.
struct TimeOff {
  Millis length{0};         // never negative
  bool is_new_day = false;  // by the site's clocks, whichever way they went
};

class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  // Called once, before the first step: makes the initial values consistent, and writes them.
  virtual void start(Fields& fields, const Environment& environment) = 0;
  // Called instead of start() where the fields have the values that the device reported last:
  // continues from these. Counters never go back, settings stay as they were, totals of the day
  // begin anew on a new day, batteries have stood by and components have cooled for the time off. A
  // value that makes no sense is replaced by its field's initial one. `unreported` is what
  // unreported() returned last; empty: nothing is known.
  virtual void resume(Fields& fields, const Environment& environment, const TimeOff& /*off*/,
                      const wire::JsonObject& /*unreported*/) {
    start(fields, environment);
  }
  // The settings and states that outlive the simulation and that no field shows; another version
  // says that they changed.
  [[nodiscard]] virtual wire::JsonObject unreported() const { return {}; }
  [[nodiscard]] virtual std::uint64_t unreported_version() const { return 0; }
  // Advances the model by `dt`, the time since the last step: usually 2 s, at most 60 s. Computes
  // numbers only: there are many more steps than reports, so fields are read where they change, in
  // start() and command().
  virtual void step(const Environment& environment, Millis dt) = 0;
  // The model whose step() may be called in place of this one's, because there are many more steps
  // than reports; this one then learns of them by elapse() before write(). A model that was made
  // around another one names that.
  [[nodiscard]] virtual Model& stepped() { return *this; }
  virtual void elapse(Millis /*time*/) {}
  // Writes the results of the last step, whose environment was `environment`; idempotent.
  virtual void write(Fields& fields, const Environment& environment) = 0;
  // Called after write() and after the declared effects of any command: reads the settings, and
  // writes what they change at once. `params` as in catalog::CheckedSet.
  virtual CommandOutcome command(Fields& fields, const catalog::Command& command,
                                 const wire::JsonObject& params,
                                 const Environment& environment) = 0;
  // As of the last step.
  [[nodiscard]] virtual Balance balance() const { return {}; }
  // The power that the device drew from where it is plugged in, on average over the last step;
  // negative: it fed in.
  [[nodiscard]] virtual double drawn_w() const { return 0; }
  // Whether its batteries could give power in the last step.
  [[nodiscard]] virtual bool can_discharge() const { return false; }
  // Whether the site's other devices have power from a device that supplies a site without a grid.
  [[nodiscard]] virtual bool supplies_others() const { return false; }
};

// Makes the models of one family's devices, which share the slots of their fields. For any thread.
using ModelMaker = std::function<std::unique_ptr<Model>(Chance)>;

// A family without a model in C++ runs the parts that its file declares (physics_model.h), or stays
// as it is. Signals come on top in any family (signals.h). kMalformed: the family's file lacks a
// field or a number that its model uses, or has a field in another unit; the detail names all.
[[nodiscard]] Result<ModelMaker> model_maker(const FieldTablePtr& table);
// The error of model_maker(), for a device file that a user wrote.
[[nodiscard]] Status check_model(const catalog::FamilyPtr& family);

[[nodiscard]] Result<ModelMaker> delta_2_maker(const FieldTablePtr& table);
[[nodiscard]] Result<ModelMaker> smart_home_panel_maker(const FieldTablePtr& table);
[[nodiscard]] Result<ModelMaker> power_kits_maker(const FieldTablePtr& table);
[[nodiscard]] Result<ModelMaker> power_ocean_maker(const FieldTablePtr& table);
[[nodiscard]] Result<ModelMaker> power_stream_maker(const FieldTablePtr& table);

// A device's model, whose steps go straight to the model that has something to do in them.
class OwnedModel {
 public:
  explicit OwnedModel(std::unique_ptr<Model> model)
      : model_(std::move(model)), stepped_(&model_->stepped()) {}

  [[nodiscard]] Model* operator->() const { return model_.get(); }
  // In place of the model's own.
  void step(const Environment& environment, Millis dt) {
    elapsed_ += dt;
    stepped_->step(environment, dt);
  }
  void write(Fields& fields, const Environment& environment) {
    model_->elapse(std::exchange(elapsed_, Millis{0}));
    model_->write(fields, environment);
  }

 private:
  std::unique_ptr<Model> model_;
  Model* stepped_;
  Millis elapsed_{0};  // since the last write
};

}  // namespace gridloom::sim
