// The energy query: the energy flows of a device in any span of time, from the data in the archive.
//
// Energies of completed hours are in the store; the running hour, and hours that got late rows, are
// computed from their blocks at query time, in the same way. So the answer does not depend on when
// hours were stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "catalog/family.h"
#include "history/energy/energy_flow.h"
#include "history/energy/energy_sources.h"
#include "history/energy/known_time.h"
#include "history/reader.h"

namespace gridloom::history {

// The spans between two bounds of a query, as one bucket.
struct SpanRange {
  std::size_t begin = 0;
  std::size_t end = 0;  // both are indices of bounds
};

// Computes the sums for the spans between neighbours of `bounds`, which ascend and are multiples of
// a quarter of an hour.
class EnergyQuery {
 public:
  struct Options {
    DeviceNumber device = 0;
    EnergySources sources;
    std::vector<std::int64_t> bounds;
  };
  explicit EnergyQuery(Options options);
  EnergyQuery(EnergyQuery&&) noexcept;
  EnergyQuery& operator=(EnergyQuery&&) noexcept;
  EnergyQuery(const EnergyQuery&) = delete;
  EnergyQuery& operator=(const EnergyQuery&) = delete;
  ~EnergyQuery();

  // Continues for some milliseconds at most; may stop anywhere within an hour.
  [[nodiscard]] Status work(Reader& reader);
  [[nodiscard]] bool done() const;
  [[nodiscard]] const EnergySources& sources() const;
  // Valid once done().
  [[nodiscard]] const std::vector<Energies>& sums() const;
  // How long each flow is known in each span, once done(). A sum of which nothing is known is not
  // 0.
  [[nodiscard]] const std::vector<KnownTime>& known() const;
  // The sums of several spans, and how long each flow is known there; once done().
  struct Sums {
    Energies wh{};
    KnownTime known{};
    std::int64_t outdated_ms = 0;  // of hours counted before a correction of the sources
  };
  [[nodiscard]] Sums in(SpanRange range) const;
  // The end of the last time that is known (past_ms()), once done(); the smallest number: none is.
  [[nodiscard]] std::int64_t known_until_ms() const;

 private:
  class Reading;
  std::unique_ptr<Reading> reading_;
};

// Expand a span to whole quarters of an hour.
[[nodiscard]] std::int64_t quarter_before(std::int64_t at_ms);
[[nodiscard]] std::int64_t quarter_after(std::int64_t at_ms);

// Returns the Account that computes the energies of completed hours. `family_of` returns the family
// of a device; null: the device was removed. Called on the builder's thread.
using FamilyOf = std::function<catalog::FamilyPtr(DeviceNumber device)>;
[[nodiscard]] HourIntegrator hour_integrator_by(FamilyOf family_of);

}  // namespace gridloom::history
