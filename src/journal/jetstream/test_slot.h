// For tests: owners of a slot's log, with what they were told of it.
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "journal/jetstream/slot_log.h"
#include "nats/connection.h"
#include "nats/settings.h"
#include "testing/must.h"

namespace gridloom::journal {

// One owner: a connection and an open log. It counts the records that it was handed, as
// "NUMBER PAYLOAD", and those that were acknowledged, by their payload.
class TestOwner {
 public:
  TestOwner(const nats::ConnectionSettings& settings, SlotLog::Options options)
      : connection_(must(nats::Connection::open(settings, {}))) {
    options.connection = connection_.get();
    if (options.node.empty()) options.node = fmt::format("node {}", options.revision);
    options.on_fenced = [this](const Error& error) {
      const std::lock_guard lock(mutex_);
      fenced_.push_back(error);
    };
    log_ = std::make_unique<SlotLog>(std::move(options));
  }

  [[nodiscard]] Status open(std::uint64_t after = 0) {
    return log_->from(Positions::everywhere(after), [this](std::span<const Record> records) {
      const std::lock_guard lock(mutex_);
      for (const Record& record : records) {
        records_.push_back(fmt::format("{} {}", record.sequence, record.payload));
      }
    });
  }
  void append(const std::string& payload) {
    log_->append(RecordKind::kAudit, payload,
                 [this, payload, life = std::make_shared<Life>(*this)] {
                   const std::lock_guard lock(mutex_);
                   acknowledged_.push_back(payload);
                 });
  }
  [[nodiscard]] SlotLog& log() { return *log_; }
  void close() { log_.reset(); }

  [[nodiscard]] std::vector<std::string> records() const { return copy(records_); }
  [[nodiscard]] std::vector<std::string> acknowledged() const { return copy(acknowledged_); }
  [[nodiscard]] std::size_t acknowledged_count() const {
    const std::lock_guard lock(mutex_);
    return acknowledged_.size();
  }
  [[nodiscard]] std::vector<Error> fenced() const {
    const std::lock_guard lock(mutex_);
    return fenced_;
  }
  // Callbacks that were neither called nor destroyed.
  [[nodiscard]] int waiting() const {
    const std::lock_guard lock(mutex_);
    return waiting_;
  }

 private:
  struct Life {
    explicit Life(TestOwner& with) : owner(with) { change(1); }
    Life(const Life&) = delete;
    Life& operator=(const Life&) = delete;
    ~Life() { change(-1); }
    void change(int by) const {
      const std::lock_guard lock(owner.mutex_);
      owner.waiting_ += by;
    }
    TestOwner& owner;
  };

  [[nodiscard]] std::vector<std::string> copy(const std::vector<std::string>& all) const {
    const std::lock_guard lock(mutex_);
    return all;
  }

  std::unique_ptr<nats::Connection> connection_;
  mutable std::mutex mutex_;
  std::vector<std::string> records_;
  std::vector<std::string> acknowledged_;
  std::vector<Error> fenced_;
  int waiting_ = 0;
  std::unique_ptr<SlotLog> log_;  // its thread uses the other members
};

}  // namespace gridloom::journal
