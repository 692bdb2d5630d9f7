// For tests: a connection whose commits fail as on a full disk, while that is asked for.
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

class FaultyTableConnection final : public TableConnection {
 public:
  // `refuses` outlives this.
  FaultyTableConnection(std::shared_ptr<TableConnection> real, const bool& refuses)
      : real_(std::move(real)), refuses_(refuses) {}

  Status begin(Access access) override { return real_->begin(access); }
  Status commit() override {
    return refuses_ ? fail(ErrorCode::kIo, "the disk is full") : real_->commit();
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
    return real_->insert(table, rows);
  }
  Status put(const Table& table, std::span<const Row> rows) override {
    return real_->put(table, rows);
  }
  Status update(const Table& table, Names columns, std::span<const Row> rows) override {
    return real_->update(table, columns, rows);
  }
  Status remove(const Table& table, Names columns, std::span<const Row> rows) override {
    return real_->remove(table, columns, rows);
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
  const bool& refuses_;
};

}  // namespace gridloom::tables
