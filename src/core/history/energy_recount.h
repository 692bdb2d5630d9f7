// Counts stored energies anew that were counted before a correction of the device's sources
// (EnergySources::corrections), as far back as their blocks are kept: device after device, the
// oldest hour first, as each builds on the one before.
//
// The revision of the energies themselves shows the part that is done, so a run that was ended
// continues with the next one. Thread rule: the builder's thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "history/blocks/field_names.h"
#include "history/energy_accounts.h"
#include "history/store/store.h"

namespace gridloom::history {

class EnergyRecount {
 public:
  // `store` and `names` outlive it.
  EnergyRecount(Store& store, const FieldNames& names, const HourIntegrator& integrate,
                const std::vector<DeviceNumber>& devices)
      : store_(store),
        accounts_(store, names, integrate),
        devices_(devices.begin(), devices.end()) {}

  // Does one slice, of some tenths of a second at most. False: nothing is left to do, which it says
  // in the log if anything was. After an error the same slice is tried again.
  [[nodiscard]] Result<bool> work();

 private:
  struct Counted {
    std::vector<std::string> corrections;
    std::size_t devices = 0;
    std::size_t hours = 0;
    std::size_t left = 0;  // hours whose blocks are not kept
  };
  // Hours from hour_ on, up to an hour that is outdated and some behind it.
  [[nodiscard]] Result<std::vector<DeviceHour>> next_hours(std::uint32_t revision);
  // Returns how many of them it could count.
  [[nodiscard]] Result<std::size_t> count(const std::vector<DeviceHour>& hours);
  void next_device();
  void tell() const;

  Store& store_;
  EnergyAccounts accounts_;
  std::deque<DeviceNumber> devices_;  // the first one is under way
  std::int64_t hour_ = std::numeric_limits<std::int64_t>::min();
  bool device_has_ended_ = false;
  bool device_counts_ = false;              // something of it was outdated
  std::map<std::string, Counted> counted_;  // by product
};

}  // namespace gridloom::history
