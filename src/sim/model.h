// The interface between a virtual device's physics and the rest of the simulator.
//
// VirtualDevice (virtual_device.h) holds the fields, applies the declared effects of commands and
// sends the declared reports; a Model computes the numbers that depend on each other (watts,
// charge, temperatures, counters) from the settings among those fields. Only models know fields by
// name. One thread at a time per device.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/chance.h"
#include "base/clock.h"
#include "catalog/family.h"
#include "wire/json.h"

namespace gridloom::sim {

// The field names that all virtual devices of a family share: '*' is replaced by the modules'
// serial numbers. Immutable: for any thread.
class FieldTable {
 public:
  explicit FieldTable(catalog::FamilyPtr family);

  struct Entry {
    std::string name;
    const catalog::Field* field = nullptr;
  };
  [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view name) const;
  // Like find(), but fast if `name` is the one that was looked up after `last` before, by any
  // device: a model looks up the same names in the same order, step after step.
  [[nodiscard]] std::optional<std::size_t> find_behind(std::size_t last,
                                                       std::string_view name) const;
  [[nodiscard]] const catalog::Family& family() const { return *family_; }

  // The modules of each group, with the serial numbers that replace '*' in the entries' names.
  struct Module {
    std::string group;
    std::string sn;
  };
  static constexpr std::size_t kNoModule = SIZE_MAX;
  [[nodiscard]] const std::vector<Module>& modules() const { return modules_; }

 private:
  catalog::FamilyPtr family_;
  std::vector<Entry> entries_;
  std::vector<Module> modules_;
  catalog::NameIndex index_;
  // By entry: the entry that was looked up after it. A hint, which find_behind() checks.
  mutable std::vector<std::atomic<std::uint32_t>> next_;
};
using FieldTablePtr = std::shared_ptr<const FieldTable>;

// The fields of one device: quota name -> JSON value. Numbers are kept in wire units. Records which
// fields changed, for the delta reports.
class Fields {
 public:
  // Every field of the family with its initial value (or the zero of its type).
  explicit Fields(FieldTablePtr table);

  [[nodiscard]] bool has(std::string_view name) const;
  // get(), the readers below and set() throw logic_error if there is no such field: a model that
  // asks for one has a bug.
  [[nodiscard]] const wire::Json& get(std::string_view name) const;
  [[nodiscard]] const wire::Json& initial(std::string_view name) const;  // from the family's file
  [[nodiscard]] double number(std::string_view name) const;              // bools count as 0 and 1
  [[nodiscard]] std::int64_t integer(std::string_view name) const;       // truncated
  [[nodiscard]] bool on(std::string_view name) const { return number(name) != 0; }

  void set(std::string_view name, wire::Json value);
  // Converts to the field's type: an int field takes the rounded number, a float field six
  // significant digits. Throws logic_error if `value` is not finite.
  void set_number(std::string_view name, double value);
  void add(std::string_view name, double delta) { set_number(name, number(name) + delta); }

  // The serial numbers that replace '*' in a group. They are parts of names here, the same in all
  // devices.
  [[nodiscard]] const std::vector<std::string>& modules(std::string_view group) const;
  // Sets the serial numbers that this device reports instead of those, because no two devices share
  // a module. They are derived from the device's own serial number, except for the family's first
  // virtual device, which keeps the modules that its file names. Until this is called, every device
  // has those of the file.
  void assign_serials(std::string_view device_sn);
  [[nodiscard]] std::string_view serial(std::size_t module) const;  // by FieldTable::modules()
  [[nodiscard]] std::string_view serial(std::string_view in_names) const;

  struct Slot {
    std::string_view name;  // points into the table
    const catalog::Field* field = nullptr;
    wire::Json value;
  };
  [[nodiscard]] const std::vector<Slot>& slots() const { return slots_; }
  [[nodiscard]] bool changed(std::size_t slot) const { return changed_[slot] != 0; }
  void clear_changes();
  void reset_to_initial();  // every field; marks those that change

  // A pinned field keeps its value, whatever is set, until unpin() restores the value it had before
  // it was pinned.
  void pin(std::size_t slot, wire::Json value);
  void unpin(std::size_t slot);

 private:
  [[nodiscard]] std::size_t index_of(std::string_view name) const;
  void put(std::size_t index, wire::Json value);

  FieldTablePtr table_;
  std::vector<Slot> slots_;
  std::vector<std::uint8_t> changed_;         // by slot; not in Slot, as all are scanned
  std::vector<double> numbers_;               // by slot: the last argument of set_number(), or NaN
  std::map<std::size_t, wire::Json> pinned_;  // by slot: the value before pin()
  std::vector<std::string> serials_;          // by module; empty: those of the table
  mutable std::size_t last_ = 0;              // slot of the last lookup
};

// Sets the values that the family's file gives this device at the start
// (catalog::Virtual::Device::initial).
void apply_initial(Fields& fields, const catalog::Family& family, std::string_view sn);

// The conditions at a site at one moment. They are the same for all its devices, except for a
// device that has a fault (catalog::DeviceFault), which changes them for that device.
struct Environment {
  TimePoint now;              // UTC
  std::int64_t local_ms = 0;  // since local midnight
  double sun = 0;             // fraction of a PV module's rated power: 0 at night, about 1 at best
  double air_c = 20;
  double household_w = 350;  // what the home draws
  double grid_v = 230;
  double grid_hz = 50;
  bool grid_up = true;
  std::array<double, 2> panels{1, 1};  // fraction of the sun that reaches each PV input
  bool battery_ok = true;  // false: the battery's protection blocks charging and discharging
  bool heater_ok = true;   // false: the battery's heater fails when it should heat
  double appliance_w = 0;  // additional load on the device's own sockets
};

// The result of a command in the model, in addition to its declared effects.
struct Outcome {
  std::optional<std::int64_t> ack;  // replaces that of the declared reply, if the reply has one
  wire::JsonObject result;          // its members replace or extend those of the declared reply
  bool full_report = false;         // report every field at once
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

class Model {
 public:
  Model() = default;
  Model(const Model&) = delete;
  Model& operator=(const Model&) = delete;
  virtual ~Model() = default;

  // Called once, before the first step: makes the initial values consistent, and writes them.
  virtual void start(Fields& fields, const Environment& environment) = 0;
  // Advances the model by `dt`, the time since the last step: usually 2 s, at most 60 s. Computes
  // numbers only: there are many more steps than reports, so fields are read where they change, in
  // start() and command().
  virtual void step(const Environment& environment, Millis dt) = 0;
  // Writes the results of the last step, whose environment was `environment`; idempotent.
  virtual void write(Fields& fields, const Environment& environment) = 0;
  // Called after write() and after the declared effects of any command: reads the settings, and
  // writes what they change at once. `params` as in catalog::CheckedSet.
  virtual Outcome command(Fields& fields, const catalog::Command& command,
                          const wire::JsonObject& params, const Environment& environment) = 0;
  // As of the last step.
  [[nodiscard]] virtual Balance balance() const { return {}; }
};

// The model of a family. A family without a model of its own gets one that changes nothing (a new
// family needs no C++).
[[nodiscard]] std::unique_ptr<Model> make_model(const catalog::Family& family, Chance chance);

std::unique_ptr<Model> make_delta_2(Chance chance);
std::unique_ptr<Model> make_smart_home_panel(Chance chance);
std::unique_ptr<Model> make_power_kits(Chance chance);
std::unique_ptr<Model> make_power_ocean(Chance chance);
std::unique_ptr<Model> make_power_stream(Chance chance);

}  // namespace gridloom::sim
