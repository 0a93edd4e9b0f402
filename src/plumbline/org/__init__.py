"""Who works here and what they may: units, supervision bodies (室组地), users, grants, kin."""
