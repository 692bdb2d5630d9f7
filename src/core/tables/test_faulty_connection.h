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
  // Called before each transaction that writes; its error keeps that from beginning.
  std::function<Status()> on_write{};
};

class FaultyTableConnection final : public TableConnection {
 public:
  // `faults` outlives this.
  FaultyTableConnection(std::shared_ptr<TableConnection> real, Faults& faults)
      : real_(std::move(real)), faults_(faults) {}

  Status begin(Access access) override {
    if (access == Access::kWriting && faults_.on_write) {
      GL_TRY(faults_.on_write());
    }
    return real_->begin(access);
  }
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
  [[nodiscard]] bool is_in_transaction() const override { return real_->is_in_transaction(); }
  Status read_each(const Table& table, Names columns, std::span<const Row> rows,
                   std::string_view only, const OnRow& on_row) override {
    return real_->read_each(table, columns, rows, only, on_row);
  }
  Status read_keys(const Table& table, Names columns, std::span<const Row> rows,
                   const OnRow& on_row) override {
    return real_->read_keys(table, columns, rows, on_row);
  }
  void on_damaged(OnDamaged hear) override { real_->on_damaged(std::move(hear)); }
  [[nodiscard]] bool has_checksums() const override { return real_->has_checksums(); }
  [[nodiscard]] std::uint64_t damaged() const override { return real_->damaged(); }
  Status make(const Table& table) override { return real_->make(table); }
  Status drop(const Table& table) override { return real_->drop(table); }
  Status add_missing(const Table& table, std::span<const Row> rows) override {
    return each_of(rows, [&](auto row) { return real_->add_missing(table, row); });
  }
  Status insert_all(const Table& table, std::span<const Row> rows) override {
    return each_of(rows, [&](auto row) { return real_->insert_all(table, row); });
  }
  Status put_all(const Table& table, std::span<const Row> rows) override {
    return each_of(rows, [&](auto row) { return real_->put_all(table, row); });
  }
  Status update_all(const Table& table, Names columns, std::span<const Row> rows) override {
    return each_of(rows, [&](auto row) { return real_->update_all(table, columns, row); });
  }
  Status remove_all(const Table& table, Names columns, std::span<const Row> rows,
                    std::string_view only) override {
    return each_of(rows, [&](auto row) { return real_->remove_all(table, columns, row, only); });
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
