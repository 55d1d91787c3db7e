// SPDX-License-Identifier: MIT
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "agent/flowlog/batch.hpp"
#include "agent/flowlog/sink.hpp"
#include "agent/flowlog/spool.hpp"

namespace tollgate::agent {

/// Batches that wait to be sent, oldest first: in memory as long as all goes well, in the spool
/// from the first failure until it is empty again. Counts what becomes of their records. Not
/// thread-safe.
class BatchStore {
  public:
    /// @param spool  none: what does not fit in memory is lost, the oldest first
    BatchStore(std::optional<Spool> spool, std::size_t memory_bytes);

    void push(Batch batch);
    /// The oldest batch, to be sent; no other until it is done or put back. @return nothing: there
    /// is none, or one is out
    [[nodiscard]] std::optional<Batch> take();
    /// The batch that was taken has arrived.
    void written();
    /// The batch that was taken is given up.
    void lost();
    /// The batch that was taken could not be sent: it is the oldest again, unless the spool was
    /// full meanwhile.
    void put_back();
    /// Before the end: what is in memory goes to the spool.
    void keep();

    [[nodiscard]] SinkCounters counters() const;

  private:
    struct Taken {
        Batch batch;
        bool from_spool = false;
        std::uint64_t dropped_files = 0;  ///< of the spool, when it was taken
    };

    void append(const Batch& batch);
    void move_to_spool();
    [[nodiscard]] bool is_in_spool(const Taken& taken) const;
    void lose_oldest_in_memory();
    void finish();

    std::optional<Spool> spool_;
    std::size_t memory_limit_;
    std::deque<Batch> memory_;  ///< younger than all in the spool
    std::size_t memory_bytes_ = 0;
    std::optional<Taken> taken_;
    SinkCounters counters_;
};

}  // namespace tollgate::agent
