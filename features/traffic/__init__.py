"""Traffic flow: from measured volumes or speeds to the arrays that its models take."""
