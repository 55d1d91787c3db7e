// SPDX-License-Identifier: MIT
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <sqlite3.h>

#include <tollgate/ip.hpp>
#include <tollgate/result.hpp>

#include "policy/learn_service.hpp"

/// What evidence.cpp needs of SQLite. Included by nobody else but tests.
namespace tollgate::policy::evidence {

struct CloseDatabase {
    void operator()(sqlite3* database) const noexcept { sqlite3_close(database); }
};
using Handle = std::unique_ptr<sqlite3, CloseDatabase>;

struct Opened {
    Handle handle;
    int result = SQLITE_OK;
    std::string damage;  ///< why the file is of no use; empty: it is
};

/// Opens the file and looks whether it is sound and ours; an empty one gets the schema.
Opened try_open(const std::filesystem::path& path, std::uint64_t bytes_max);

/// Renames the database and its journal to PATH.corrupt-SECONDS, by the time of the last write.
/// @return the new path
Result<std::filesystem::path> set_aside(const std::filesystem::path& path);

/// True of results that tell that the file is damaged or no database.
bool is_damage(int result);

/// The errno value that comes nearest to an SQLite result.
int system_error_of(int result);

/// One prepared statement. The first failure is kept; what follows does nothing.
class Statement {
  public:
    Statement(sqlite3* database, std::string_view sql);

    template <typename... Values>
    Statement& with(const Values&... values) {
        if (failure_code() == SQLITE_OK || result_ == SQLITE_ROW) {
            result_ = sqlite3_reset(statement_.get());
            int index = 0;
            (bind(++index, values), ...);
        }
        return *this;
    }
    /// @return true if there is a row
    bool step();
    /// Runs to the end. @return SQLITE_OK or what went wrong
    int run();
    [[nodiscard]] int failure_code() const { return result_ == SQLITE_DONE ? SQLITE_OK : result_; }

    [[nodiscard]] std::int64_t integer(int column) const {
        return sqlite3_column_int64(statement_.get(), column);
    }
    template <typename Number>
    [[nodiscard]] Number as(int column) const {
        return static_cast<Number>(integer(column));
    }
    [[nodiscard]] Timestamp time(int column) const {
        return Timestamp(std::chrono::microseconds(integer(column)));
    }
    [[nodiscard]] std::string text(int column) const;
    [[nodiscard]] IpAddress address(int column) const {
        return IpAddress::parse(text(column)).value_or(IpAddress{});
    }
    [[nodiscard]] HoursOfWeek hours(int column) const;

  private:
    struct Finalize {
        void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
    };
    void bind(int index, std::int64_t value);
    void bind(int index, const std::string& value);

    std::unique_ptr<sqlite3_stmt, Finalize> statement_;
    int result_ = SQLITE_OK;
};

/// Runs SQL that gives no rows. @return SQLITE_OK or what went wrong
int execute(sqlite3* database, const std::string& sql);

}  // namespace tollgate::policy::evidence
