// For tests: a connection that fails when it is asked to.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "tables/connection.h"

namespace gridloom::tables {

struct Faults {
  bool refuses_commits = false;  // as a full disk does
  // So many rows are changed, and then no more: a write is cut off in the middle. -1: all.
  int rows_left = -1;
};

class FaultyTableConnection final : public TableConnection {
 public:
  // `faults` outlives this.
  FaultyTableConnection(std::shared_ptr<TableConnection> real, Faults& faults)
      : real_(std::move(real)), faults_(faults) {}

  Status begin(Access access) override { return real_->begin(access); }
  Status commit() override {
    return faults_.refuses_commits ? fail(ErrorCode::kIo, "the disk is full") : real_->commit();
  }
  void end() override { real_->end(); }
  Status lock(std::string_view name) override { return real_->lock(name); }
  Status atomically(const std::function<Status()>& work) override {
    return real_->atomically(work);
  }
  Status each(std::string_view sql, const Parameters& parameters, const OnRow& on_row) override {
    return real_->each(sql, parameters, on_row);
  }
  Status read(const Table& table, std::string_view rest, const Parameters& parameters,
              const OnRow& on_row) override {
    return real_->read(table, rest, parameters, on_row);
  }
  Status insert(const Table& table, std::span<const Row> rows) override {
    return each_of(rows, [&](auto row) { return real_->insert(table, row); });
  }
  Status put(const Table& table, std::span<const Row> rows) override {
    return each_of(rows, [&](auto row) { return real_->put(table, row); });
  }
  Status update(const Table& table, Names columns, std::span<const Row> rows) override {
    return each_of(rows, [&](auto row) { return real_->update(table, columns, row); });
  }
  Status remove(const Table& table, Names columns, std::span<const Row> rows,
                std::string_view only) override {
    return each_of(rows, [&](auto row) { return real_->remove(table, columns, row, only); });
  }
  Result<std::int64_t> remove_some(const Table& table, std::string_view where,
                                   const Parameters& parameters, std::int64_t most) override {
    return real_->remove_some(table, where, parameters, most);
  }
  Status check(std::span<const Table* const> all) override { return real_->check(all); }
  bool empty_log() override { return real_->empty_log(); }
  [[nodiscard]] std::string order_of(const Table& table) const override {
    return real_->order_of(table);
  }

 private:
  const std::shared_ptr<TableConnection> real_;
  // Changes one row after the other.
  Status each_of(std::span<const Row> rows,
                 const std::function<Status(std::span<const Row>)>& change) {
    for (const Row& row : rows) {
      if (faults_.rows_left == 0) return fail(ErrorCode::kIo, "cut off");
      if (faults_.rows_left > 0) --faults_.rows_left;
      GL_TRY(change(std::span(&row, 1)));
    }
    return {};
  }

  Faults& faults_;
};

}  // namespace gridloom::tables
