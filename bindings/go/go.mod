module libreggie/reggie

go 1.24
