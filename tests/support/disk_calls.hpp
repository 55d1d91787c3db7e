// SPDX-License-Identifier: MIT
#pragma once

#include <string>
#include <vector>

namespace tollgate::test {

/// Looks on while files are put on the disk: fsync(2), fdatasync(2) and rename(2) of a program that
/// links disk_calls.cpp do what they always do, and are noted here. One at a time, one thread.
class DiskCalls {
  public:
    DiskCalls();
    ~DiskCalls();
    DiskCalls(const DiskCalls&) = delete;
    DiskCalls& operator=(const DiskCalls&) = delete;

    /// In their order: "sync N bytes", "sync folder", "rename to NAME".
    std::vector<std::string> seen;
    /// From now on no disk takes anything: a sync ends with EIO.
    bool sync_fails = false;
};

}  // namespace tollgate::test
