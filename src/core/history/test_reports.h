// A base of tests that write reports of devices, and read them from an archive that they close and
// open again.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "history/energy_query.h"
#include "history/test_archive.h"
#include "journal/batch.h"
#include "testing/clock.h"
#include "testing/temporary_folder.h"

namespace gridloom::history {

class ReportsTest : public testing::Test {
 protected:
  static constexpr TimePoint kStart{std::chrono::hours(472'000)};

  explicit ReportsTest(FamilyOf family_of) : family_of_(std::move(family_of)) {}

  void open() { archive_ = open_archive(folder_.data(), clock_, hour_integrator_by(family_of_)); }
  void close() {
    if (archive_) archive_->stop();
    archive_.reset();
  }
  // Each waits until it is sent.
  void report(DeviceNumber device, Millis after, std::string_view name, std::string_view json) {
    writer_.begin(device, unix_ms(kStart + after));
    writer_.add(name, json);
    writer_.end();
  }
  // A report each minute.
  void steady(DeviceNumber device, Millis from, Millis to, std::string_view name,
              std::string_view json) {
    for (Millis at = from; at <= to; at += std::chrono::minutes(1)) report(device, at, name, json);
  }
  void send() { archive_->append(journal::RecordKind::kReports, writer_.take(), {}); }

  TemporaryFolder folder_;
  TestClock clock_{kStart};
  std::unique_ptr<Archive> archive_;

 private:
  FamilyOf family_of_;
  journal::BatchWriter writer_;
};

}  // namespace gridloom::history
