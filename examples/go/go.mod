module speech

go 1.23
